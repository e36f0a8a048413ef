// SPDX-License-Identifier: Apache-2.0
// What a prompt needs of a state: is this text whole yet, and what are its values?

import CLua
import CLuaShims

extension LuaState {
  /// Compiles a chunk and lets it go.
  package func compile(_ text: String, name: String) throws(LuaError) {
    let stack = LuaStack(raw: main)
    try load(text, name: name, on: stack)
    stack.pop(1)
  }

  /// Runs a chunk and hands what it answers, if anything, to the global function of that name.
  package func run(_ text: String, name: String, showingBy show: String) throws(LuaError) {
    let stack = LuaStack(raw: main)
    let base = stack.top
    try run(text, name: name, results: LUA_MULTRET)
    let count = stack.top - base
    defer { lua_settop(main, base) }
    guard count > 0 else { return }
    stack.reserve(2)
    lua_getglobal(main, show)
    lua_rotate(main, base + 1, 1)
    let status = shim_pcall(main, count, 0)
    guard status == LUA_OK else { throw takeError(status, from: stack) }
  }
}

/// The wish of somebody outside that scripts end: Ctrl-C.
package enum LuaInterruption {
  /// Ends every script at its next step. A signal handler may call it.
  package static func request() { shim_interrupt() }
  /// The word that says so: 0 until it is requested.
  package static var word: UnsafePointer<Int32> { shim_interruption() }
  package static var isRequested: Bool { word.pointee != 0 }
}
