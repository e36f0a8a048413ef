// SPDX-License-Identifier: Apache-2.0
// What a scenario may use of Lua: a list of what is allowed, never Lua's whole library with holes.
//
// Two reasons keep something out. It reaches the host (files, processes, the clock, bytecode), or
// its result differs from run to run (addresses in tostring and %p, the order of pairs,
// table.sort's pivots on the clock, collected garbage). What is kept out is refused by name. The
// list stands in Sandbox+Base.swift and its neighbours, with the reasons in docs/sandbox.md.

import Lua
import Timeline

/// What the sandbox needs from its owner.
struct SandboxHost {
  let seed: UInt64
  /// Simulated time of the machine that the script looks at.
  let now: () -> Instant
  let write: (String) -> Void
  /// The text of a file beside the scenario; nil when there is none.
  let text: (String) -> String?
}

enum Sandbox {
  /// Turns a fresh state into one whose chunks see the sandbox only.
  static func install(in state: LuaState, _ host: SandboxHost) {
    state.openLibraries()
    state.meterLibraries()
    let random = ScriptRandom(seed: host.seed)
    state.setGlobal("host_keys", OrderedPairs.keys)
    state.setGlobal("host_successor", OrderedPairs.successor)
    state.setGlobal("host_random") { call throws(LuaError) in try random.random(&call) }
    state.setGlobal("host_randomseed") { call throws(LuaError) in try random.seed(&call) }
    state.setGlobal("host_now") { call throws(LuaError) in
      .values([.integer(Int64(host.now().nanoseconds))])
    }
    installOutput(in: state, host)
    state.replaceGlobals(byRunning: prelude)
  }

  /// `host_write(text…)` and `host_text(file)`.
  static func installOutput(in state: LuaState, _ host: SandboxHost) {
    state.setGlobal("host_write") { call throws(LuaError) in
      for i in 0..<call.count { if case .string(let text) = call[i + 1] { host.write(text) } }
      return .nothing
    }
    state.setGlobal("host_text") { call throws(LuaError) in
      guard case .string(let name) = call[1], let text = host.text(name) else {
        return .values([.nil])
      }
      return .values([.string(text)])
    }
  }
}

/// Names that a scenario finds besides its own functions.
enum SandboxNames {
  static let globals = [
    "arg", "assert", "coroutine", "error", "io", "ipairs", "kernel", "load", "math", "next", "os",
    "pairs", "pcall", "print", "require", "select", "setmetatable", "string", "table", "tonumber",
    "tostring", "type", "utf8", "xpcall",
  ]
}
