// SPDX-License-Identifier: Apache-2.0
// One Lua state: opened, given functions, asked to run text, closed.
//
// Several may exist side by side, each used by one thread at a time; there is no global state. What
// a state needs to find its way back from C lies in its shim_context, which every thread of the
// state points to.

import CLua
import CLuaShims

package final class LuaState {
  let main: OpaquePointer
  let context: UnsafeMutablePointer<shim_context>
  /// Behind the Lua functions that run them. A function that is an element of an array is called
  /// through thunks, one that is a field is not.
  struct Function { let body: LuaBody }
  var functions: [Function] = []
  var objectCount: Int64 = 0
  /// Whose state it is, for functions that are the same in every state.
  package unowned var owner: AnyObject?

  /// The name of the chunk that is ours: messages never point into it.
  package static let ownChunk = SHIM_OWN_CHUNK

  package init(budget: LuaBudget = LuaBudget()) {
    context = .allocate(capacity: 1)
    context.initialize(to: shim_context())
    context.pointee.call = Self.dispatch
    context.pointee.limit = budget.memory
    context.pointee.budget = budget.instructions
    guard let opened = shim_open(context) else { preconditionFailure("Lua does not open") }
    main = opened
    context.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
    lua_createtable(main, 0, 4)
    lua_setfield(main, registryIndex, LuaRecord.metatables)
    makeObjectTable()
    makeIndexMaker()
  }

  deinit {
    lua_close(main)
    precondition(context.pointee.used == 0, "Lua still holds memory after it was closed")
    context.deallocate()
  }

  /// The state that a thread belongs to.
  static func of(_ raw: OpaquePointer) -> LuaState {
    Unmanaged<LuaState>.fromOpaque(shim_of(raw).pointee.owner).takeUnretainedValue()
  }

  /// Allocations asked for while Lua ran.
  package var allocationCount: UInt64 { context.pointee.allocations }
  /// Tests: refuses the nth allocation from now on, and Lua's second attempt at it.
  package func refuseAllocation(_ n: UInt64) {
    context.pointee.allocations = 0
    context.pointee.refuse_at = n
  }

  /// Runs a chunk of text, never bytecode. `name` is what messages call it; `arguments` are its
  /// `...`.
  package func run(_ text: String, name: String, arguments: [LuaValue] = []) throws(LuaError) {
    try run(text, name: name, arguments: arguments, results: 0)
  }

  func run(
    _ text: String, name: String, arguments: [LuaValue] = [], results: CInt
  ) throws(LuaError) {
    let stack = LuaStack(raw: main)
    let base = stack.top
    try load(text, name: name, on: stack)
    for argument in arguments { stack.push(argument) }
    let status = shim_pcall(main, CInt(arguments.count), results)
    guard status == LUA_OK else {
      let error = takeError(status, from: stack)
      lua_settop(main, base)
      throw error
    }
  }

  func load(_ text: String, name: String, on stack: LuaStack) throws(LuaError) {
    stack.reserve(3)
    var text = text
    let status = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        luaL_loadbufferx(main, $0.baseAddress, $0.count, "@" + name, "t")
      }
    }
    guard status == LUA_OK else { throw takeError(status, from: stack) }
  }

  /// Opens all of Lua's standard library as globals, files, processes and debug included.
  package func openWholeLibrary() {
    luaL_openlibs(main)
    lua_settop(main, 0)
  }

  /// Opens as globals those of Lua's libraries that a sandbox chooses from, and beside them what it
  /// needs to keep the budgets (CLuaShims tells why): `protect(f)` makes a body for a coroutine of
  /// the script's own, `guard(handler)` a message handler for xpcall, `pay(n)` spends instructions,
  /// `fail(message)` raises an error at the line of the script that called.
  package func openLibraries() {
    let libraries: [(String, lua_CFunction)] = [
      (LUA_GNAME, luaopen_base), (LUA_STRLIBNAME, luaopen_string), (LUA_TABLIBNAME, luaopen_table),
      (LUA_MATHLIBNAME, luaopen_math), (LUA_UTF8LIBNAME, luaopen_utf8),
      (LUA_COLIBNAME, luaopen_coroutine), (LUA_OSLIBNAME, luaopen_os),
      (LUA_DBLIBNAME, luaopen_debug),
    ]
    for (name, open) in libraries {
      luaL_requiref(main, name, open, 1)
      lua_settop(main, -2)
    }
    let helpers: [(String, lua_CFunction)] = [
      ("protect", shim_protect), ("guard", shim_guard), ("pay", shim_pay), ("fail", shim_fail),
    ]
    for (name, function) in helpers {
      lua_pushcclosure(main, function, 0)
      lua_setglobal(main, name)
    }
  }

  /// From now on the functions of the open libraries keep to the instruction budget.
  package func meterLibraries() {
    lua_pushcclosure(main, shim_meter, 0)
    let status = unbounded { shim_pcall(main, 0, 0) }
    precondition(status == LUA_OK, "a function of ours failed")
  }

  /// Runs a chunk of ours that answers a table, which from then on holds the globals of every
  /// chunk.
  package func replaceGlobals(byRunning text: String) {
    evaluate(text)
    lua_rawseti(main, registryIndex, Int64(LUA_RIDX_GLOBALS))
  }

  /// Runs a chunk of ours and leaves its one result on top.
  func evaluate(_ text: String) {
    unbounded {
      do throws(LuaError) {
        try run(text, name: Self.ownChunk, results: 1)
      } catch {
        preconditionFailure(error.text)
      }
    }
  }

  /// Enters Lua for what is ours and short: no allocation of it is refused.
  func unbounded<Result>(_ entry: () -> Result) -> Result {
    let (limit, refused) = (context.pointee.limit, context.pointee.refuse_at)
    context.pointee.limit = .max
    context.pointee.refuse_at = 0
    defer { (context.pointee.limit, context.pointee.refuse_at) = (limit, refused) }
    return entry()
  }

  /// Sets a global value.
  package func setGlobal(_ name: String, _ value: LuaValue) {
    LuaStack(raw: main).push(value)
    lua_setglobal(main, name)
  }

  /// The global `arg`, as lua has it: arg[0] the script, then its arguments; what stood before the
  /// script has negative indices.
  package func setArguments(_ script: String, _ arguments: [String], before: [String] = []) {
    let stack = LuaStack(raw: main)
    stack.push(.list(arguments.map { .string($0) }))
    stack.push(script)
    lua_rawseti(main, -2, 0)
    for (distance, word) in before.reversed().enumerated() {
      stack.push(word)
      lua_rawseti(main, -2, -Int64(distance + 1))
    }
    lua_setglobal(main, "arg")
  }

  /// Sets a global function.
  package func setGlobal(_ name: String, _ body: @escaping LuaBody) {
    pushFunction(body, on: LuaStack(raw: main))
    lua_setglobal(main, name)
  }
}
