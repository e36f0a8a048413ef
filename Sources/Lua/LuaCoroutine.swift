// SPDX-License-Identifier: Apache-2.0
// A coroutine that Swift drives: resumed with values or with an error, kept alive in the registry,
// closed at its end.

import CLua
import CLuaShims

package final class LuaCoroutine {
  let stack: LuaStack
  private unowned let state: LuaState
  private let thread: LuaReference
  private var isClosed = false
  private var hasFailed = false

  package enum Resumption {
    /// It suspended itself and waits for an answer.
    case suspended
    case returned
    case failed(LuaError)
  }

  /// A coroutine whose body is that function.
  init(_ function: LuaSlot, _ state: LuaState) {
    self.state = state
    let from = function.stack
    from.reserve(4)
    stack = LuaStack(raw: lua_newthread(from.raw))
    lua_pushvalue(from.raw, function.index)
    lua_pushboolean(from.raw, 1)
    lua_pushcclosure(from.raw, shim_body, 2)
    lua_xmove(from.raw, stack.raw, 1)
    thread = LuaReference(top: from, state)
  }

  /// Goes on, the values being the function's arguments at first and its operation's results later.
  package func resume(with values: [LuaValue]) -> Resumption {
    for value in values { stack.push(value) }
    return resume(arguments: CInt(values.count))
  }

  /// Goes on with one value.
  package func resume(with value: LuaValue) -> Resumption {
    stack.push(value)
    return resume(arguments: 1)
  }

  /// Goes on with an error raised where the coroutine waits, place included.
  package func resume(raising message: String) -> Resumption {
    stack.push(stack.place() + message)
    state.context.pointee.raise_on_resume = 1
    return resume(arguments: 1)
  }

  private func resume(arguments: CInt) -> Resumption {
    var results: CInt = 0
    let status = shim_resume(stack.raw, arguments, &results)
    switch status {
    case LUA_YIELD:
      if results > 0 { stack.pop(results) }
      return .suspended
    case LUA_OK:
      stack.pop(results)
      return .returned
    default:
      hasFailed = true
      return .failed(state.takeError(status, from: stack))
    }
  }

  /// An error at the place where the coroutine waits, for what it must not wait for.
  package func errorHere(_ message: String) -> LuaError {
    LuaError(text: stack.place() + message, traceback: nil)
  }

  /// Runs its pending to-be-closed variables and lets it go. What they raise is answered, not what
  /// it failed with.
  @discardableResult
  package func close() -> LuaError? {
    guard !isClosed else { return nil }
    isClosed = true
    let status = shim_close_thread(stack.raw)
    var error = status == LUA_OK ? nil : state.takeError(status, from: stack)
    if hasFailed { error = nil }
    thread.release()
    return error
  }
}
