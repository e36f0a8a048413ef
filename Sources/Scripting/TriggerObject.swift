// SPDX-License-Identifier: Apache-2.0
// cg:trigger { … }: what a task can wait for in a cgroup, besides other tasks.
//
// A monitor on a real machine polls memory.pressure with a stall time within a window, or
// memory.events, which wakes it when a counter changes. t:wait takes either.

import Lua
import UAPI

final class TriggerObject {
  let operation: Operation
  unowned let machine: MachineObject

  init(_ operation: Operation, on machine: MachineObject) {
    self.operation = operation
    self.machine = machine
  }

  static let kind = LuaKind("trigger", methods: [])
}

extension FieldList {
  static let trigger = FieldList(
    "TriggerFields",
    [
      (
        "on", "string",
        "`\"some\"` or `\"full\"`, a line of memory.pressure, or `\"events\"`: memory.events has "
          + "changed since this task last returned from such a wait"
      ),
      ("stall", "Time", "of a pressure line: the stall time within a window that is an event"),
      ("window", "Time", "of a pressure line: 500 ms to 10 s; `\"1 s\"` unless said"),
    ])
}

extension CgroupObject {
  /// cg:trigger { on = "some", stall = "100 ms", window = "1 s" }, cg:trigger { on = "events" }
  static func trigger(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (cgroup, arguments) = try call.receive("cg:trigger", on: CgroupObject.self, atMost: 1)
    let fields = try arguments.fields(1, on: cgroup.path)
    try fields.expect(.trigger)
    let expected = #""some", "full" or "events""#
    let operation: Operation
    switch try fields.string("on", expected) {
    case "events":
      for field in ["stall", "window"] where !fields[field].isNil {
        throw LuaError("\(fields.owner): field '\(field)' goes with on = \"some\" or \"full\"")
      }
      operation = .awaitEvents(path: cgroup.path)
    case let line where line == "some" || line == "full":
      guard let stall = try fields.duration("stall") else {
        throw fields.bad("stall", expected: #"a time such as "100 ms""#)
      }
      let window = try fields.duration("window") ?? .seconds(1)
      let trigger = PressureTrigger(isFull: line == "full", threshold: stall, window: window)
      if let problem = trigger.problem { throw LuaError("\(fields.owner): \(problem)") }
      operation = .awaitPressure(path: cgroup.path, trigger)
    default: throw fields.bad("on", expected: expected)
    }
    let trigger = TriggerObject(operation, on: cgroup.machine)
    let object = cgroup.machine.host.state.wrap(trigger, as: TriggerObject.kind)
    return .values([.object(object)])
  }

  /// cg:file(name): a file of the cgroup as the kernel prints it; nil where it has none.
  static func file(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (cgroup, arguments) = try call.receive("cg:file", on: CgroupObject.self, atMost: 1)
    try cgroup.expectToExist("cg:file")
    let file: CgroupFile = try arguments.word(1)
    let text = cgroup.machine.backend.text(of: file, in: cgroup.path)
    return .values([text.map { .string($0) } ?? .nil])
  }
}
