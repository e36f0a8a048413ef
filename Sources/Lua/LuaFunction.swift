// SPDX-License-Identifier: Apache-2.0
// Swift functions that Lua can call.
//
// Such a function reads its arguments raw and answers with values, with an error, or with the wish
// to be suspended; what jumps for it is the trampoline, after the function's own frame has gone.

import CLua
import CLuaShims

package typealias LuaBody = (inout LuaCall) throws(LuaError) -> LuaAnswer

/// A method: the same for every state, so it captures nothing that belongs to one.
package typealias LuaMethod = @Sendable (inout LuaCall) throws(LuaError) -> LuaAnswer

package enum LuaAnswer {
  case values([LuaValue])
  /// The value on top of the stack, as it lies.
  case top
  /// That many values on top of the stack, as they lie.
  case topmost(Int)
  /// Yields the coroutine; it goes on with what it is resumed with.
  case suspend

  package static var nothing: LuaAnswer { .values([]) }
}

/// One call of a Swift function from Lua.
package struct LuaCall {
  let stack: LuaStack
  package let count: Int
  package var state: LuaState { LuaState.of(stack.raw) }

  /// An argument, counted from 1.
  package subscript(position: Int) -> LuaValue {
    position <= count ? stack[CInt(position)] : .nil
  }

  package func makeCoroutine(_ function: LuaSlot) -> LuaCoroutine {
    LuaCoroutine(function, state)
  }

  /// A function made of the script's own by one of ours (`LuaState.defineWrapper`).
  package func wrap(_ function: LuaSlot, by wrapper: String, _ values: [LuaValue]) -> LuaSlot {
    stack.reserve(4)
    lua_getfield(stack.raw, registryIndex, wrapper)
    lua_pushvalue(stack.raw, function.index)
    for value in values { stack.push(value) }
    let status = state.unbounded { shim_pcall(stack.raw, CInt(values.count + 1), 1) }
    precondition(status == LUA_OK, "a function of ours failed")
    return LuaSlot(stack: stack, index: stack.top)
  }

  /// An empty table on the stack; valid until the call ends.
  package func makeTable() -> LuaTable {
    stack.reserve(1)
    lua_createtable(stack.raw, 0, 0)
    return LuaTable(stack: stack, index: stack.top)
  }

  /// Answers the elements 1 … n of a table.
  package func unpack(_ table: LuaTable, count: Int) -> LuaAnswer {
    stack.reserve(CInt(count) + 1)
    for i in 0..<count { lua_rawgeti(stack.raw, table.index, Int64(i + 1)) }
    return .topmost(count)
  }

  /// "file.lua:12" of the script's line that calls; empty when there is none.
  package var place: String { String(stack.place().dropLast(2)) }

  /// Whether the call comes from that coroutine itself, not from one that it runs.
  package func isDirectly(in coroutine: LuaCoroutine) -> Bool { coroutine.stack.raw == stack.raw }

  /// Instructions that the script may still spend before its turn ends.
  package var stepsLeft: Int { max(0, Int(shim_of(stack.raw).pointee.left)) }

  /// Spends instructions for what is done in Swift. False when the budget does not reach: then
  /// nothing more needs doing, for the script ends when the function has answered.
  package func pay(_ steps: Int) -> Bool {
    let context = shim_of(stack.raw)!
    context.pointee.left -= Int64(steps)
    return context.pointee.left > 0
  }

  /// Whether a suspension is possible here; not below a library function or a metamethod that
  /// cannot wait.
  package var canSuspend: Bool { lua_isyieldable(stack.raw) != 0 }
}

/// A value that the registry keeps alive until it is released.
final class LuaReference {
  private unowned let state: LuaState
  private var key: CInt

  /// Takes the value on top of the stack.
  init(top stack: LuaStack, _ state: LuaState) {
    self.state = state
    key = luaL_ref(stack.raw, registryIndex)
  }

  /// Lets Lua collect the value; afterwards the reference is empty.
  func release() {
    luaL_unref(state.main, registryIndex, key)
    key = LUA_NOREF
  }
}

extension LuaState {
  /// Keeps a function of ours that makes functions of the script's: `text` answers it.
  package func defineWrapper(_ name: String, _ text: String) {
    evaluate(text)
    lua_setfield(main, registryIndex, name)
  }

  /// Pushes a Lua function that runs `body`. It lives as long as the state.
  func pushFunction(_ body: @escaping LuaBody, on stack: LuaStack) {
    functions.append(LuaState.Function(body: body))
    stack.reserve(2)
    lua_pushinteger(stack.raw, Int64(functions.count - 1))
    lua_pushcclosure(stack.raw, shim_trampoline, 1)
  }

  /// Called by the trampoline.
  static let dispatch: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, CInt) -> CInt = {
    owner, raw, function in
    guard let owner, let raw else { return 0 }
    let state = Unmanaged<LuaState>.fromOpaque(owner).takeUnretainedValue()
    let stack = LuaStack(raw: raw)
    var call = LuaCall(stack: stack, count: Int(stack.top))
    do throws(LuaError) {
      switch try state.functions[Int(function)].body(&call) {
      case .values(let values):
        for value in values { stack.push(value) }
        return CInt(values.count)
      case .top: return 1
      case .topmost(let n): return CInt(n)
      case .suspend: return CInt(SHIM_SUSPEND)
      }
    } catch {
      // An error that already has its place is handed on, one that has not gets the place of the
      // script's call.
      stack.reserve(2)
      stack.push(error.isPlaced ? error.text : stack.place() + error.text)
      return CInt(SHIM_RAISE)
    }
  }
}

extension LuaStack {
  /// "file:line: " of the innermost function that belongs to the script; empty when there is none.
  func place() -> String {
    reserve(2)
    shim_where(raw, 0)
    defer { pop() }
    if case .string(let place) = self[-1] { return place }
    return ""
  }
}
