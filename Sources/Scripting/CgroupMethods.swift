// SPDX-License-Identifier: Apache-2.0
// A memory cgroup in the main chunk's hands: what its files show, under the names and in the units
// of the kernel.

import Lua
import UAPI

final class CgroupObject {
  let path: String
  unowned let machine: MachineObject
  /// A task has removed it (t:remove).
  var isGone = false

  init(path: String, on machine: MachineObject) {
    self.path = path
    self.machine = machine
  }

  /// An error where it does not exist any more.
  func expectToExist(_ what: String) throws(LuaError) {
    if isGone { throw LuaError("\(what): the cgroup '\(path)' does not exist any more") }
  }

  fileprivate var snapshot: CgroupSnapshot? { machine.backend.observe().cgroup(path) }
}

extension CgroupSnapshot {
  /// memory.stat as the file prints it: amounts of memory in bytes.
  var statFields: [(name: String, value: Int)] {
    statCounters.map { counter in
      (counter.name, counter.isPages ? self[counter] * Pages.size : self[counter])
    }
  }

  var eventFields: [(name: String, value: Int)] {
    eventCounters.map { ($0.name, self[$0]) }
  }

  /// memory.current in bytes.
  var currentBytes: Int? { current.map { $0 * Pages.size } }
  /// memory.swap.current in bytes.
  var swapCurrentBytes: Int? { swapCurrent.map { $0 * Pages.size } }
}

extension LuaValue {
  static func counters(_ called: String, _ fields: [(name: String, value: Int)]) -> LuaValue {
    .record(called: called, fields.map { ($0.name, .integer(Int64($0.value))) })
  }
}

extension Chapter {
  static let cgroup = Chapter(
    "cgroup", "cg",
    [
      Binding(
        "stat", "cg:stat()", answers: ["table<string, integer>"],
        "memory.stat, those below included; bytes where the file prints bytes",
        body: CgroupMethods.stat),
      Binding(
        "events", "cg:events()", answers: ["table<string, integer>"],
        "memory.events, those below included", body: CgroupMethods.events),
      Binding(
        "current", "cg:current()", answers: ["integer"], "memory.current, bytes",
        body: CgroupMethods.current),
      Binding(
        "swap_current", "cg:swap_current()", answers: ["integer"], "memory.swap.current, bytes",
        body: CgroupMethods.swapCurrent),
      Binding(
        "peak", "cg:peak()", answers: ["integer?"],
        "memory.peak, bytes; nil where the kernel has no such file", body: CgroupMethods.peak),
      Binding(
        "pressure", "cg:pressure()", answers: ["table<string, table<string, number>>"],
        "memory.pressure: `{ some, full }`, each `{ avg10, avg60, avg300, total }`, in per cent "
          + "and microseconds", body: CgroupMethods.pressure),
      Binding(
        "set", "cg:set { max, swap_max, … }", ["files: CgroupFiles"],
        answers: ["boolean?", "string? error"],
        "true; writes the files of those names, outside of time, and so only where it needs no "
          + "reclaim: a limit below what the cgroup holds is an error that names `t:set`",
        body: CgroupMethods.set),
      Binding(
        "file", "cg:file(name)", ["name: string"], answers: ["string?"],
        "a file of the cgroup as the kernel prints it, such as `\"memory.pressure\"`; nil where "
          + "the kernel has none", body: CgroupObject.file),
      Binding(
        "trigger", "cg:trigger { on, stall, window }", ["fields: TriggerFields"],
        answers: ["Trigger"], "a trigger for `t:wait`, on memory.pressure or memory.events",
        body: CgroupObject.trigger),
    ],
    properties: [
      Property("path", "string", "such as `\"a/b\"`") { .string(($0 as! CgroupObject).path) }
    ])
}

extension LuaKind {
  static var cgroup: LuaKind { Chapter.cgroup.kind }
}

private enum CgroupMethods {
  private static func snapshot(_ call: LuaCall, _ name: String) throws(LuaError) -> CgroupSnapshot {
    let (cgroup, _) = try call.receive(name, on: CgroupObject.self, atMost: 0)
    try cgroup.expectToExist(name)
    guard let snapshot = cgroup.snapshot else {
      throw LuaError("\(name): the cgroup '\(cgroup.path)' does not exist any more")
    }
    return snapshot
  }

  static func stat(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    .values([.counters("memory.stat", try snapshot(call, "cg:stat").statFields)])
  }

  static func events(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    .values([.counters("memory.events", try snapshot(call, "cg:events").eventFields)])
  }

  static func current(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    .values([.integer(Int64(try snapshot(call, "cg:current").currentBytes ?? 0))])
  }

  static func swapCurrent(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    .values([.integer(Int64(try snapshot(call, "cg:swap_current").swapCurrentBytes ?? 0))])
  }

  static func peak(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let peak = try snapshot(call, "cg:peak").peak
    return .values([peak.map { .integer(Int64($0 * Pages.size)) } ?? .nil])
  }

  static func pressure(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let pressure = try snapshot(call, "cg:pressure").pressure
    return .values([
      .record(
        called: "memory.pressure",
        [("some", line("some", pressure.some)), ("full", line("full", pressure.full))])
    ])
  }

  private static func line(_ name: String, _ line: PressureLine) -> LuaValue {
    .record(
      called: "memory.pressure, \(name)",
      [
        ("avg10", .number(Double(line.average10) / 100)),
        ("avg60", .number(Double(line.average60) / 100)),
        ("avg300", .number(Double(line.average300) / 100)),
        ("total", .integer(Int64(line.total.count / 1000))),
      ])
  }

  /// cg:set { max, swap_max, … }: outside of time, so only where it needs no reclaim.
  static func set(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (cgroup, arguments) = try call.receive("cg:set", on: CgroupObject.self, atMost: 1)
    try cgroup.machine.host.expectOutsideOfTime("cg:set", instead: "t:set(cg, { … })")
    try cgroup.expectToExist("cg:set")
    let settings = try arguments.fields(1, on: cgroup.path).cgroupSettings()
    switch cgroup.machine.backend.configureCgroup(path: cgroup.path, settings: settings) {
    case .failed(.EBUSY):
      throw LuaError(
        """
        cg:set of '\(cgroup.path)': the cgroup holds more than that, and reclaim takes time; let \
        a task write it, with t:set
        """)
    case .failed(let errno): return .values([.nil, .string(errno.rawValue)])
    case .unsupported(let what): throw LuaError("cg:set of '\(cgroup.path)': \(what)")
    case .done, .pages, .frame: return .values([.boolean(true)])
    }
  }
}
