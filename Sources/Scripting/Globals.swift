// SPDX-License-Identifier: Apache-2.0
// The scenario's global functions: machine, size, span, expect; bind and prefer, which wait for
// machines of several nodes.

import Lua
import UAPI

enum Globals {
  private static let policies = "memory policies come with machines of several nodes"

  /// As documented; `install` gives them their bodies, which belong to one scenario.
  static let bindings: [Binding] = [
    Binding(
      "machine", "machine { … }", ["fields?: MachineFields"], answers: ["Machine"],
      "boots a machine; see below"
    ) { call throws(LuaError) in try host(call).makeMachine(call) },
    Binding(
      "size", "size \"1 MiB\"", ["size: Size"], answers: ["integer"], "bytes, as an integer"
    ) { call throws(LuaError) in
      let arguments = try Arguments(call, of: "size", atMost: 1)
      return .values([.integer(Int64(try arguments.size(1).count))])
    },
    Binding(
      "span", "span \"10 ms\"", ["time: Time"], answers: ["integer"],
      "nanoseconds, as an integer"
    ) { call throws(LuaError) in
      let arguments = try Arguments(call, of: "span", atMost: 1)
      return .values([.integer(Int64(try arguments.duration(1).count))])
    },
    Binding(
      "expect", "expect(what, truth)", ["what: string", "truth: boolean"], answers: ["boolean"],
      "the truth. What the author expects, in words, and whether it is so (`true` or `false`); "
        + "the scenario goes on either way and fails at its end if one did not hold"
    ) { call throws(LuaError) in try host(call).expect(call) },
    Binding(
      "bind", "bind(node, …)", ["node: integer"],
      "refused by name: \(policies)"
    ) { call throws(LuaError) in throw LuaError("bind is not built yet: \(policies)") },
    Binding(
      "prefer", "prefer(node)", ["node: integer"], "refused by name, likewise"
    ) { call throws(LuaError) in throw LuaError("prefer is not built yet: \(policies)") },
  ]

  /// Globals that are no functions, for editors.
  static let values = """
    --- The script, arg[0], and its arguments, arg[1] …
    ---@type string[]
    arg = {}

    --- What --kernel asked for; nil without it.
    ---@type string|nil
    kernel = nil

    """

  private static func host(_ call: LuaCall) throws(LuaError) -> ScenarioHost {
    guard let host = call.state.owner as? ScenarioHost else {
      preconditionFailure("a state without its scenario")
    }
    return host
  }
}

extension ScenarioHost {
  func installFunctions() {
    state.owner = self
    for binding in Globals.bindings { state.setGlobal(binding.name, binding.body) }
    TaskWrappers.define(in: state)
  }
}
