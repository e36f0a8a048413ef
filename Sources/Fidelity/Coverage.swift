// SPDX-License-Identifier: Apache-2.0
// How far recordings of real kernels cover a run.
//
// A run is described by its machine's shape and by the mechanisms it made use of. The table says,
// for each kernel and mechanism, how many shipped recordings make use of it and how many of their
// counters the simulator shows exactly (Coverage+Table.swift, which a test makes anew from the
// recordings and the floor). What no recording shows has never been compared, and is told so.

package import UAPI

package enum Coverage {
  package struct Row: Sendable, Equatable {
    package let kernel: String
    package let mechanism: Mechanism
    package let recordings: Int
    /// Counters compared in them, and those that are equal.
    package let counters: Int
    package let equal: Int

    package init(_ kernel: String, _ mechanism: Mechanism, _ recordings: Int, _ cells: (Int, Int)) {
      self.kernel = kernel
      self.mechanism = mechanism
      self.recordings = recordings
      (equal, counters) = cells
    }
  }

  /// Pages that the allocator manages in the largest machine recorded.
  package struct Largest: Sendable, Equatable {
    package let kernel: String
    package let managed: Int

    package init(_ kernel: String, managed: Int) {
      self.kernel = kernel
      self.managed = managed
    }
  }

  /// A line for each thing that can be said of a run.
  package static func judge(_ machine: MachineReport) -> [String] {
    let shape = machine.shape
    guard let recorded = largest.first(where: { $0.kernel == machine.kernel }) else {
      return ["kernel \(machine.kernel): never compared"]
    }
    var lines: [String] = []
    var known: [String] = []
    func say(_ what: String, isRecorded: Bool) {
      if isRecorded { known.append(what) } else { lines.append("\(what): never compared") }
    }
    say(plural(shape.cpus, "CPU"), isRecorded: shape.cpus == 1)
    say(plural(shape.nodes, "node"), isRecorded: shape.nodes == 1)
    say(mebibytes(shape.managed), isRecorded: shape.managed <= recorded.managed)
    if !known.isEmpty { lines.insert(known.joined(separator: ", ") + ": as recorded", at: 0) }
    if let other = shape.recordedOn {
      lines.append("memory as \(other) left it, \(machine.kernel) running: never compared")
    }
    return lines + shape.mechanisms.map { line($0, machine.kernel) }
  }

  private static func line(_ mechanism: Mechanism, _ kernel: String) -> String {
    guard let row = table.first(where: { $0.kernel == kernel && $0.mechanism == mechanism })
    else { return "\(mechanism.rawValue): never compared on \(kernel)" }
    let from = plural(row.recordings, "recording")
    return row.equal == row.counters
      ? "\(mechanism.rawValue): equal on \(kernel) (\(row.counters) counters of \(from))"
      : """
      \(mechanism.rawValue): \(row.equal) of \(row.counters) counters equal on \(kernel) \
      (\(from))
      """
  }

  private static func plural(_ n: Int, _ what: String) -> String {
    n == 1 ? "1 \(what)" : "\(n) \(what)s"
  }

  private static func mebibytes(_ pages: Int) -> String { "\(pages / 256) MiB" }
}
