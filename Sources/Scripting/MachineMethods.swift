// SPDX-License-Identifier: Apache-2.0
// The machine in the main chunk's hands: cgroups, tasks, time, and what can be seen.

import Lua
import Timeline
import UAPI

final class MachineObject {
  unowned let host: ScenarioHost
  let made: MadeMachine
  var backend: any Backend { made.backend }
  /// As it stood when it was handed over.
  let atBoot: Snapshot
  fileprivate(set) var cgroups: [CgroupObject] = []
  fileprivate(set) var tasks: [TaskObject] = []
  fileprivate(set) var notes: [(name: String, value: String)] = []
  fileprivate let keepsTrace: Bool
  /// What was sampled and made use of.
  let observer: MachineObserver

  init(_ made: MadeMachine, host: ScenarioHost, keepsTrace: Bool) {
    self.made = made
    self.host = host
    self.keepsTrace = keepsTrace
    atBoot = made.backend.observe()
    observer = MachineObserver(made.backend)
  }
}

extension LuaKind {
  static let machine = LuaKind(
    "machine",
    methods: [
      ("cgroup", MachineMethods.cgroup), ("spawn", MachineMethods.spawn),
      ("run", MachineMethods.run), ("vmstat", MachineMethods.vmstat),
      ("marks", MachineMethods.marks), ("note", MachineMethods.note),
      ("watch", MachineObject.watch),
      ("trace_events", MachineMethods.traceEvents),
    ])
}

private enum MachineMethods {
  private static func receive(
    _ call: LuaCall, _ name: String, atMost most: Int
  ) throws(LuaError) -> (MachineObject, Arguments) {
    var machine: MachineObject?
    let arguments = try Arguments(call, of: name, on: MachineObject.self, atMost: most, &machine)
    return (machine!, arguments)
  }

  /// m:cgroup { name, parent, memory }
  static func cgroup(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try receive(call, "m:cgroup", atMost: 1)
    try machine.host.expectOutsideOfTime("m:cgroup")
    var fields = try arguments.fields(1, of: "m:cgroup")
    try fields.expect(only: ["name", "parent", "memory"], elsewhere: Fields.cgroupFilesElsewhere)
    guard let name = try fields.string("name", "a name"), !name.contains("/"), name != ".",
      name != ".."
    else { throw fields.bad("name", expected: "a name without '/'") }
    fields.owner = "cgroup '\(name)'"
    let parent: CgroupObject? = try fields.object("parent", "a cgroup")
    if let parent, parent.machine !== machine {
      throw fields.bad("parent", expected: "a cgroup of this machine", got: "another machine's")
    }
    let path = parent.map { $0.path + "/" + name } ?? name
    if machine.cgroups.contains(where: { $0.path == path }) {
      throw LuaError("m:cgroup: there is a cgroup '\(path)' already")
    }
    let settings = try fields.fields("memory")?.cgroupSettings() ?? []
    switch machine.backend.configureCgroup(path: path, settings: settings) {
    case .failed(let errno): return .values([.nil, .string(errno.rawValue)])
    case .unsupported(let what): throw LuaError("cgroup '\(name)': \(what)")
    case .done, .pages: break
    }
    let made = CgroupObject(path: path, on: machine)
    machine.cgroups.append(made)
    return .values([.object(machine.host.state.wrap(made, as: .cgroup))])
  }

  /// m:spawn(name, [{ cgroup },] function(t) … end)
  static func spawn(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try receive(call, "m:spawn", atMost: 3)
    try machine.host.expectOutsideOfTime("m:spawn")
    let name = try arguments.string(1, "a name for the task")
    let short = if case .function = arguments[2] { true } else { false }
    let fields = short ? Fields(nil, of: "task") : try arguments.fields(2, of: "task '\(name)'")
    try fields.expect(
      only: ["cgroup"],
      elsewhere: [
        "policy": "comes with machines of several nodes", "cpu": "comes with several CPUs",
      ])
    let cgroup: CgroupObject? = try fields.object("cgroup", "a cgroup")
    if let cgroup, cgroup.machine !== machine {
      throw fields.bad("cgroup", expected: "a cgroup of this machine", got: "another machine's")
    }
    let body = try arguments.function(short ? 2 : 3, "the task's function(t)")
    let task = TaskObject(name: name, body: call.makeCoroutine(body), on: machine)
    let object = machine.host.state.wrap(task, as: .task)
    task.start(in: cgroup?.path ?? "/", as: object)
    machine.tasks.append(task)
    return .values([.object(object)])
  }

  /// m:run([duration])
  static func run(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try receive(call, "m:run", atMost: 1)
    let host = machine.host
    try host.expectOutsideOfTime("m:run")
    let now = machine.backend.timeline.now
    let end =
      arguments[1].isNil && call.count < 2
      ? .distantFuture : try arguments.moment(1, after: now)
    machine.observer.runBegins(until: end)
    machine.backend.run(until: end)
    if let stopped = host.stopped { throw LuaError("m:run: \(stopped)") }
    if let failure = host.taskFailure { throw LuaError(placed: failure.text) }
    if let ended = machine.backend.ended { throw LuaError(ended) }
    return .nothing
  }

  static func vmstat(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try receive(call, "m:vmstat", atMost: 0)
    return .values([.counters("vmstat", machine.backend.observe().vmstatFields)])
  }

  /// m:marks(): { { name, at, vmstat, cgroups }, … }
  static func marks(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try receive(call, "m:marks", atMost: 0)
    return .values([
      .list(
        machine.backend.marks.map { name, snapshot in
          .record(
            called: "a mark",
            [
              ("name", .string(name)), ("at", .integer(Int64(snapshot.at.nanoseconds))),
              ("vmstat", .counters("vmstat", snapshot.vmstatFields)),
              ("cgroups", .record(called: "cgroups", snapshot.cgroups.map(cgroupFields))),
            ])
        })
    ])
  }

  private static func cgroupFields(_ cgroup: CgroupSnapshot) -> (name: String, value: LuaValue) {
    var fields: [(name: String, value: LuaValue)] = [
      ("stat", .counters("memory.stat", cgroup.statFields)),
      ("events", .counters("memory.events", cgroup.eventFields)),
    ]
    if let bytes = cgroup.currentBytes { fields.append(("current", .integer(Int64(bytes)))) }
    if let bytes = cgroup.swapCurrentBytes {
      fields.append(("swap_current", .integer(Int64(bytes))))
    }
    return (cgroup.path, .record(called: "a cgroup's mark", fields))
  }

  /// m:note(name, value)
  static func note(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try receive(call, "m:note", atMost: 2)
    let name = try arguments.string(1, "a name for the note")
    let value: String
    switch arguments[2] {
    case .string(let text): value = text
    case .integer, .number, .boolean: value = arguments[2].described
    default: throw arguments.bad(2, expected: "a string, a number, true or false")
    }
    machine.notes.append((name, value))
    return .nothing
  }

  /// m:trace_events(): { { at, name, text, … }, … } of a machine made with trace = true
  static func traceEvents(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try receive(call, "m:trace_events", atMost: 0)
    guard machine.keepsTrace else {
      throw LuaError("m:trace_events: no events were kept; make the machine with trace = true")
    }
    return .values([.list(machine.made.traceEvents().map { event($0.at, $0.event) })])
  }

  /// An event with each numeric "name=value" of its payload as a field.
  private static func event(_ at: Instant, _ event: TraceEvent) -> LuaValue {
    let payload = event.payload
    var fields: [(name: String, value: LuaValue)] = [
      ("at", .integer(Int64(at.nanoseconds))), ("name", .string(event.name)),
      ("text", .string(payload)),
    ]
    for word in payload.split(separator: " ") {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2, let number = Int64(parts[1]) {
        fields.append((String(parts[0]), .integer(number)))
      }
    }
    return .record(called: "the event \(event.name)", fields)
  }
}

extension Snapshot {
  /// /proc/vmstat: pages and events.
  var vmstatFields: [(name: String, value: Int)] {
    VmCounter.allCases.map { ($0.name, self[$0]) }
  }
}
