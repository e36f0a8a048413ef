// SPDX-License-Identifier: Apache-2.0
// The scenario's global functions: machine, size, span, expect.

import Lua
import UAPI

extension ScenarioHost {
  func installFunctions() {
    state.setGlobal("machine") { [unowned self] call throws(LuaError) in try makeMachine(call) }
    state.setGlobal("expect") { [unowned self] call throws(LuaError) in try expect(call) }
    state.setGlobal("size") { call throws(LuaError) in
      let arguments = try Arguments(call, of: "size", atMost: 1)
      return .values([.integer(Int64(try arguments.size(1).count))])
    }
    state.setGlobal("span") { call throws(LuaError) in
      let arguments = try Arguments(call, of: "span", atMost: 1)
      return .values([.integer(Int64(try arguments.duration(1).count))])
    }
  }

  private static let fromSpec = "comes with machines from a spec; use like = \"FILE\""

  /// machine { like = "FILE", files = { name = size }, swap = { size, on, … },
  /// sysctl = { [name] = value }, trace = true }
  private func makeMachine(_ call: LuaCall) throws(LuaError) -> LuaAnswer {
    let arguments = try Arguments(call, of: "machine", atMost: 1)
    try expectOutsideOfTime("machine")
    let fields = try arguments.fields(1)
    try fields.expect(
      only: ["like", "files", "swap", "sysctl", "trace"],
      elsewhere: [
        "nodes": Self.fromSpec, "memory": Self.fromSpec, "cpus": Self.fromSpec,
        "disks": Self.fromSpec,
        "kernel": "comes with machines from a spec; with like the recording's kernel runs",
        "seed": "is the option --seed",
      ])
    guard let like = try fields.string("like", "the name of a file that describes a machine") else {
      throw LuaError("machine: expected like = \"FILE\", a file that describes a machine")
    }
    var files: [FileSpec] = []
    if let wanted = try fields.fields("files") {
      let named = wanted.named("files of the machine")
      for name in named.names {
        let size = try named.size(name)!
        guard size.count > 0 else { throw named.bad(name, expected: "more than nothing") }
        files.append(FileSpec(name: name, size: Pages(covering: size)))
      }
    }
    let trace = try fields.flag("trace") ?? false
    let request = MachineRequest(
      like: like, seed: seed, files: files, swap: try fields.swap(),
      sysctls: try fields.fields("sysctl").map(Sysctls.read) ?? [], trace: trace)
    switch outside.makeMachine(request) {
    case .failure(let problem): throw LuaError("machine: \(problem.message)")
    case .success(let made):
      let machine = MachineObject(made, host: self, keepsTrace: trace)
      add(machine)
      return .values([.object(state.wrap(machine, as: .machine))])
    }
  }
}
