// SPDX-License-Identifier: Apache-2.0
// m:watch { gauge, …, every = "100 ms" }: which gauges there are, and what they are called.
//
// A gauge is a field of /proc/vmstat by the kernel's name, or one of a cgroup: its path, a dot, and
// a field of memory.stat, `current` or `swap_current`.

import Lua
import Timeline
import UAPI

struct Gauge {
  private enum Source {
    case vmstat(VmCounter)
    case stat(String, MemcgCounter)
    case current(String)
    case swapCurrent(String)
  }

  let name: String
  let unit: String
  private let source: Source

  /// A field of vmstat; nil when there is none of that name.
  init?(vmstat name: String) {
    guard let counter = VmCounter.named(name) else { return nil }
    self.name = name
    unit = counter.unit
    source = .vmstat(counter)
  }

  /// A field of a cgroup; nil when there is none of that name.
  init?(_ field: String, of cgroup: String) {
    name = "\(cgroup).\(field)"
    if field == "current" || field == "swap_current" {
      unit = "bytes"
      source = field == "current" ? .current(cgroup) : .swapCurrent(cgroup)
    } else if let counter = MemcgCounter.allCases.first(where: { $0.name == field }) {
      unit = counter.isPages || counter.isBytes ? "bytes" : "events"
      source = .stat(cgroup, counter)
    } else {
      return nil
    }
  }

  static let cgroupFields = ["current", "swap_current"] + MemcgCounter.allCases.map(\.name)

  func value(in snapshot: Snapshot) -> Int {
    switch source {
    case .vmstat(let counter): snapshot[counter]
    case .stat(let path, let counter):
      snapshot.cgroup(path).map { counter.isPages ? $0[counter] * Pages.size : $0[counter] } ?? 0
    case .current(let path): snapshot.cgroup(path)?.currentBytes ?? 0
    case .swapCurrent(let path): snapshot.cgroup(path)?.swapCurrentBytes ?? 0
    }
  }
}

extension MachineObject {
  /// m:watch { gauge, …, every = "100 ms" }
  static func watch(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:watch", on: MachineObject.self, atMost: 1)
    try machine.host.expectOutsideOfTime("m:watch")
    guard case .table(let table) = arguments[1] else {
      throw arguments.bad(1, expected: #"gauges, as in { "nr_free_pages", every = "100 ms" }"#)
    }
    var gauges: [Gauge] = []
    for key in table.keys.sorted(by: OrderedPairs.precedes) {
      if case .string("every") = key { continue }
      guard case .integer(let n) = key else {
        throw LuaError(
          "m:watch: unknown field \(key.described); expected gauges in order, and every")
      }
      guard case .string(let name) = table[Int(n)] else {
        throw LuaError("m:watch: gauge \(n): expected a name, got \(table[Int(n)].described)")
      }
      gauges.append(try machine.gauge(name))
    }
    guard !gauges.isEmpty else {
      throw arguments.bad(1, expected: "the name of a gauge at least", got: "none")
    }
    let fields = Fields(table, of: "m:watch")
    let every = try fields.duration("every") ?? .milliseconds(100)
    guard every > .zero else { throw fields.bad("every", expected: "more than no time") }
    machine.observer.add(Sampler(machine.backend, gauges, every: every))
    return .nothing
  }

  private func gauge(_ name: String) throws(LuaError) -> Gauge {
    guard let dot = name.lastIndex(of: ".") else {
      if let gauge = Gauge(vmstat: name) { return gauge }
      throw Self.unknown(name, among: VmCounter.allCases.map(\.name), "vmstat")
    }
    let path = String(name[..<dot]), field = String(name[name.index(after: dot)...])
    let paths = cgroups.map(\.path)
    guard paths.contains(path) else {
      let made = paths.isEmpty ? "none was made" : "made: " + paths.joined(separator: ", ")
      throw LuaError("m:watch: gauge '\(name)': there is no cgroup '\(path)'; \(made)")
    }
    if let gauge = Gauge(field, of: path) { return gauge }
    throw Self.unknown(field, among: Gauge.cgroupFields, "a cgroup")
  }

  private static func unknown(_ name: String, among known: [String], _ owner: String) -> LuaError {
    let near = NearestName.of(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
    return LuaError("m:watch: '\(name)' is no name of \(owner)\(near)")
  }
}
