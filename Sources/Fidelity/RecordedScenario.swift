// SPDX-License-Identifier: Apache-2.0
// The parts of a question: the declared workload, the machine it ran on, and how that machine stood
// at `base`.

/// The workload as its author declared it; ops are still the strings they were written as
/// (WorkloadOps reads them).
package struct RecordedScenario: Sendable, Equatable {
  package struct Task: Sendable, Equatable {
    package let name: String
    package let ops: [String]
  }
  package struct Setting: Sendable, Equatable {
    package let name: String
    package let value: RecordedValue
  }

  package let name: String
  /// One letter; README of the recordings, "Families".
  package let family: String
  /// Performed before `base` by a task of its own.
  package let setup: [String]
  /// In the order of definition, which is the order in which lockstep tasks take turns.
  package let tasks: [Task]
  package let sysctls: [Setting]
  /// "<fs|swap> <kind> <MiB> [k=v...]", as written.
  package let devices: [String]

  struct Wire: Decodable {
    struct Machine: Decodable { var devices: [String]? }
    var name: String
    var family: String
    var setup: [String]?
    var tasks: [String: [String]]
    var sysctl: [String: RecordedValue]?
    var machine: Machine?
  }

  /// - Parameters:
  ///   - tasks: the keys of `wire.tasks` in their order in the file.
  ///   - sysctls: those of `wire.sysctl`.
  init(_ wire: Wire, tasks: [String], sysctls: [String]) {
    name = wire.name
    family = wire.family
    setup = wire.setup ?? []
    self.tasks = tasks.compactMap { name in wire.tasks[name].map { Task(name: name, ops: $0) } }
    self.sysctls = sysctls.compactMap { name in
      wire.sysctl?[name].map { Setting(name: name, value: $0) }
    }
    devices = wire.machine?.devices ?? []
  }
}

/// A value that is a number where it can be one.
package enum RecordedValue: Sendable, Equatable, Decodable {
  case number(Int)
  case text(String)

  package init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let number = try? value.decode(Int.self) {
      self = .number(number)
    } else {
      let text = try value.decode(String.self)
      self = Int(text).map { .number($0) } ?? .text(text)
    }
  }

  package var number: Int? {
    if case .number(let number) = self { number } else { nil }
  }
}

/// The machine: what the driver read out of /proc and /sys at `base`.
package struct RecordedConfiguration: Sendable, Equatable, Decodable {
  package struct Queue: Sendable, Equatable, Decodable {
    package let read_ahead_kb: Int
    package let max_sectors_kb: Int
    package let nr_requests: Int?
  }
  package struct Device: Sendable, Equatable, Decodable {
    /// "fs" or "swap".
    package let use: String
    package let kind: String
    /// Such as "/dev/pmem0".
    package let dev: String
    package let mib: RecordedValue
  }
  package struct Node: Sendable, Equatable, Decodable {
    package let zones: [String: Zone]
  }
  /// One zone of /proc/zoneinfo; amounts in pages.
  package struct Zone: Sendable, Equatable, Decodable {
    package struct PageSet: Sendable, Equatable, Decodable {
      package let count: Int
      package let high: Int
      package let batch: Int
    }
    package let pagesets: [PageSet]
    package let min: Int
    package let low: Int
    package let high: Int
    /// Added to each of the three while it lasts; kernels before 5.14 do not show it.
    package let boost: Int?
    package let spanned: Int
    package let present: Int
    package let managed: Int
    package let protection: [Int]
    package let start_pfn: Int?
  }

  package let sysctl: [String: RecordedValue]
  /// By node number.
  package let zoneinfo: [Int: Node]
  package let devices: [Device]?
  /// By the name of the device without "/dev/".
  package let queues: [String: Queue]?
}

/// The mark `base`: the state in which the workload finds the machine.
package struct RecordedBase: Sendable, Equatable, Decodable {
  /// CLOCK_MONOTONIC, ns.
  package let t: UInt64
  package let vmstat: [String: Int]
  /// By node number: the node's own counters.
  package let nodes: [Int: [String: Int]]
  /// "<node> <zone>": free blocks of each order.
  package let buddyinfo: [String: [Int]]
  /// /proc/slabinfo by cache, where it was read out.
  package let slabinfo: [String: SlabInfo]?

  /// Objects of a slab cache: in use, all of them, and in a slab. Those in the slabs that a CPU
  /// holds all count as in use.
  package struct SlabInfo: Sendable, Equatable, Decodable {
    package let active: Int
    package let total: Int
    package let perslab: Int
  }
}
