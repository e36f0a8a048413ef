// SPDX-License-Identifier: Apache-2.0
// What can be seen of a machine, and what is kept for the report. Nothing here takes time or
// changes anything, so tasks may look as well.

import Lua
import Timeline
import UAPI

enum MachineViews {
  static func snapshot(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:snapshot", on: MachineObject.self, atMost: 0)
    let seen = SnapshotObject(machine.backend.observe(), on: machine)
    return .values([.object(machine.host.state.wrap(seen, as: .snapshot))])
  }

  static func vmstat(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:vmstat", on: MachineObject.self, atMost: 0)
    return .values([.counters("vmstat", machine.backend.observe().vmstatFields)])
  }

  /// m:proc(name)
  static func proc(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:proc", on: MachineObject.self, atMost: 1)
    let file: ProcFile = try arguments.word(1)
    guard let text = machine.backend.text(of: file) else {
      throw LuaError("m:proc: this machine does not print \(file.rawValue)")
    }
    return .values([.string(text)])
  }

  /// m:slabinfo(): { dentry = { objects, … }, … }
  static func slabinfo(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:slabinfo", on: MachineObject.self, atMost: 0)
    return .values([
      .record(
        called: "slabinfo",
        machine.backend.slabs.map { slab in
          (
            slab.name,
            .counters(
              "the cache \(slab.name)",
              [
                ("objects", slab.objects), ("free", slab.free), ("pages", slab.pages),
                ("unused", slab.unused), ("negative", slab.negative),
                ("object_size", slab.objectSize), ("per_slab", slab.perSlab),
              ])
          )
        })
    ])
  }

  /// m:marks(): { { name, at, vmstat, cgroups }, … }
  static func marks(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:marks", on: MachineObject.self, atMost: 0)
    return .values([
      .list(
        machine.backend.marks.map { name, snapshot in
          .record(
            called: "a mark",
            [
              ("name", .string(name)), ("at", .integer(Int64(snapshot.at.nanoseconds))),
              ("vmstat", .counters("vmstat", snapshot.vmstatFields)),
              ("cgroups", snapshot.cgroupRecords),
            ])
        })
    ])
  }

  /// m:note(name, value)
  static func note(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:note", on: MachineObject.self, atMost: 2)
    let name = try arguments.string(1, "a name for the note")
    guard let value = words(arguments[2]) else {
      throw arguments.bad(2, expected: "a string, a number, true, false, or a list of these")
    }
    machine.note(name, value)
    return .nothing
  }

  private static func words(_ value: LuaValue) -> String? {
    switch value {
    case .string(let text): return text
    case .integer, .number, .boolean: return value.described
    case .table(let list) where list.count > 0:
      var all: [String] = []
      for i in 1...list.count {
        switch list[i] {
        case .table: return nil
        case let item:
          guard let text = words(item) else { return nil }
          all.append(text)
        }
      }
      return all.joined(separator: " ")
    default: return nil
    }
  }

  /// m:report(): the report so far.
  static func report(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:report", on: MachineObject.self, atMost: 0)
    return .values([.string(machine.host.reportSoFar)])
  }

  /// m:kernel_log(): { { at, text }, … }
  static func kernelLog(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:kernel_log", on: MachineObject.self, atMost: 0)
    return .values([
      .list(
        machine.backend.kernelMessages.map { message in
          .record(
            called: "a line of the kernel's log",
            [
              ("at", .integer(Int64(message.at.nanoseconds))), ("text", .string(message.text)),
            ])
        })
    ])
  }

  /// m:trace_events(): { { at, name, text, … }, … } of a machine made with trace = true
  static func traceEvents(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, _) = try call.receive("m:trace_events", on: MachineObject.self, atMost: 0)
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

extension ScenarioHost {
  var reportSoFar: String { RunReport(self, failure: nil).text }
}

extension Snapshot {
  /// /proc/vmstat: pages and events.
  var vmstatFields: [(name: String, value: Int)] {
    fields.map { ($0.name, self[$0]) }
  }

  /// { stat, events, current, swap_current } by path.
  var cgroupRecords: LuaValue {
    .record(
      called: "cgroups",
      cgroups.map { cgroup in
        var fields: [(name: String, value: LuaValue)] = [
          ("stat", .counters("memory.stat", cgroup.statFields)),
          ("events", .counters("memory.events", cgroup.eventFields)),
        ]
        if let bytes = cgroup.currentBytes { fields.append(("current", .integer(Int64(bytes)))) }
        if let bytes = cgroup.swapCurrentBytes {
          fields.append(("swap_current", .integer(Int64(bytes))))
        }
        return (cgroup.path, .record(called: "a cgroup's snapshot", fields))
      })
  }
}
