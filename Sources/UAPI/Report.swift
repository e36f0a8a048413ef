// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind, as plain values: who ran, what happened, how far to trust it.
//
// Text for people is made from it (Report+Text.swift), and JSON by whoever can encode; the schema
// is described in docs/report.md. Times are nanoseconds of simulated time, amounts of memory are in
// the unit of the kernel file they come from.

package struct Report: Codable, Sendable, Equatable {
  /// Changes when a reader of the JSON would have to.
  package static let currentFormat = 1

  package var format = currentFormat
  /// The scenario's name, as it was called.
  package var script: String
  package var seed: UInt64
  /// Lua's whole library was open: nothing is promised about a second run.
  package var trusted = false
  /// In order of creation.
  package var machines: [MachineReport] = []
  package var expectations: [ExpectationReport] = []
  /// Why it did not come to its end; nil when it did.
  package var failure: FailureReport?
  /// Of everything that happened in all machines, in order of their creation; nil without one.
  package var digest: String?
  package var events: UInt64 = 0
  /// The time that passed, in the machine in which most did.
  package var simulated: UInt64 = 0

  package init(script: String, seed: UInt64) {
    self.script = script
    self.seed = seed
  }

  /// Whether the scenario came to its end and every expectation holds.
  package var passed: Bool { failure == nil && expectations.allSatisfy(\.holds) }
}

package struct ExpectationReport: Codable, Sendable, Equatable {
  package var what: String
  package var holds: Bool
  /// "file.lua:31".
  package var place: String

  package init(what: String, holds: Bool, place: String) {
    self.what = what
    self.holds = holds
    self.place = place
  }
}

package struct FailureReport: Codable, Sendable, Equatable {
  package var text: String
  package var traceback: String?

  package init(text: String, traceback: String?) {
    self.text = text
    self.traceback = traceback
  }
}

package struct MachineReport: Codable, Sendable, Equatable {
  package var kernel: String
  package var description: String
  /// What tells how far recordings cover this run.
  package var shape: MachineShape
  package var tasks: [TaskSection] = []
  /// /proc/vmstat when the machine was handed over, and at the end.
  package var before: NamedNumbers
  package var after: NamedNumbers
  package var cgroups: [CgroupSection] = []
  package var notes: [NoteReport] = []
  package var watches: [WatchReport] = []
  /// How far to trust this run, a line for each thing that can be said.
  package var trust: [String] = []
  package var digest: String = ""
  package var events: UInt64 = 0
  package var simulated: UInt64 = 0

  package init(
    kernel: String, description: String, shape: MachineShape, before: NamedNumbers,
    after: NamedNumbers
  ) {
    self.kernel = kernel
    self.description = description
    self.shape = shape
    self.before = before
    self.after = after
  }
}

package struct MachineShape: Codable, Sendable, Equatable {
  package var nodes: Int
  package var cpus: Int
  /// Pages that the allocator manages.
  package var managed: Int
  /// The kernel whose state the machine began with, when it is not the one that ran.
  package var recordedOn: String?
  /// What the run made use of.
  package var mechanisms: [Mechanism] = []

  private enum CodingKeys: String, CodingKey {
    case nodes, cpus, managed, mechanisms, recordedOn = "recorded_on"
  }

  package init(nodes: Int, cpus: Int, managed: Int, recordedOn: String? = nil) {
    self.nodes = nodes
    self.cpus = cpus
    self.managed = managed
    self.recordedOn = recordedOn
  }
}

package struct TaskSection: Codable, Sendable, Equatable {
  package var name: String
  package var state: String
  package var cpu: UInt64
  package var reclaiming: UInt64
  /// Since boot; nil: it had not ended.
  package var started: UInt64
  package var ended: UInt64?
  package var killed: String?
  package var latencies: [LatencySummary]

  package init(_ report: TaskReport, state: String, latencies: [LatencySummary]) {
    name = report.name
    self.state = state
    cpu = report.cpu.count
    reclaiming = report.reclaiming.count
    started = report.started.nanoseconds
    ended = report.ended?.nanoseconds
    killed = report.killReason
    self.latencies = latencies
  }
}

package struct CgroupSection: Codable, Sendable, Equatable {
  package var path: String
  /// In bytes; nil for the root, which has no such file.
  package var current: Int?
  package var swapCurrent: Int?
  /// As the file prints it: amounts of memory in bytes.
  package var stat: NamedNumbers
  package var events: NamedNumbers

  package init(
    path: String, current: Int?, swapCurrent: Int?, stat: NamedNumbers, events: NamedNumbers
  ) {
    self.path = path
    self.current = current
    self.swapCurrent = swapCurrent
    self.stat = stat
    self.events = events
  }

  private enum CodingKeys: String, CodingKey {
    case path, current = "memory.current", swapCurrent = "memory.swap.current"
    case stat = "memory.stat", events = "memory.events"
  }
}

package struct NoteReport: Codable, Sendable, Equatable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// What one `m:watch` sampled.
package struct WatchReport: Codable, Sendable, Equatable {
  package struct Series: Codable, Sendable, Equatable {
    /// The gauge, such as "nr_free_pages" or "db.current".
    package var gauge: String
    package var unit: String
    package var values: [Int]

    package init(gauge: String, unit: String) {
      self.gauge = gauge
      self.unit = unit
      values = []
    }
  }
  /// Time between two samples.
  package var every: UInt64
  /// When the samples were taken, nanoseconds since boot.
  package var at: [UInt64]
  package var series: [Series]

  package init(every: UInt64, at: [UInt64] = [], series: [Series]) {
    self.every = every
    self.at = at
    self.series = series
  }
}
