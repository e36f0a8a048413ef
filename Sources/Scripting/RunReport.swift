// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind, as text for people: tasks, counters under the kernel's names,
// expectations, and the digest last.

import Timeline
import UAPI

package struct RunReport {
  package let failure: ScenarioFailure?
  package let expectations: [Expectation]
  /// Everything that follows the script's own output.
  package let text: String

  /// Whether the scenario came to its end and every expectation holds.
  package var passed: Bool { failure == nil && expectations.allSatisfy(\.holds) }

  init(_ host: ScenarioHost, failure: ScenarioFailure?) {
    self.failure = failure
    expectations = host.expectations
    var lines: [String] = []
    for (i, machine) in host.machines.enumerated() {
      if host.machines.count > 1 { lines += ["", "machine \(i + 1)"] }
      lines += Self.tasks(machine) + Self.counters(machine) + Self.notes(machine)
    }
    lines += Self.told(host.expectations)
    if !host.machines.isEmpty { lines += ["", Self.digest(host.machines)] }
    text = lines.map { $0 + "\n" }.joined()
  }

  private static func tasks(_ machine: MachineObject) -> [String] {
    guard !machine.tasks.isEmpty else { return [] }
    var rows = [["task", "state", "CPU", "of it reclaiming"]]
    for task in machine.tasks {
      guard let handle = task.handle else { continue }
      let report = machine.backend.report(on: handle)
      rows.append([
        task.name, task.state.rawValue, report.cpu.text, report.reclaiming.text,
      ])
    }
    return [""] + TextTable.lines(rows, leftAligned: 2) + deaths(machine)
  }

  /// Who was killed, when, and why.
  private static func deaths(_ machine: MachineObject) -> [String] {
    machine.tasks.compactMap { task in
      guard let report = task.handle.map({ machine.backend.report(on: $0) }),
        let reason = report.killReason, let ended = report.ended
      else { return nil }
      return "task \(task.name) was killed after \((ended - report.started).text): \(reason)"
    }
  }

  private static func counters(_ machine: MachineObject) -> [String] {
    let now = machine.backend.observe()
    var rows = [["vmstat (pages, events; pgpgin, pgpgout in KiB)", "change", "now"]]
    for (before, after) in zip(machine.atBoot.vmstatFields, now.vmstatFields)
    where before.value != after.value {
      let change = after.value - before.value
      rows.append([after.name, change > 0 ? "+\(change)" : "\(change)", "\(after.value)"])
    }
    var lines = [""] + (rows.count > 1 ? TextTable.lines(rows) : ["vmstat: nothing changed"])
    for cgroup in now.cgroups where machine.cgroups.contains(where: { $0.path == cgroup.path }) {
      lines += [""] + TextTable.lines(Self.rows(cgroup))
    }
    return lines
  }

  private static func rows(_ cgroup: CgroupSnapshot) -> [[String]] {
    var rows = [["cgroup \(cgroup.path)", "bytes", "events"]]
    if let bytes = cgroup.currentBytes { rows.append(["memory.current", "\(bytes)", ""]) }
    if let bytes = cgroup.swapCurrentBytes, bytes > 0 {
      rows.append(["memory.swap.current", "\(bytes)", ""])
    }
    for (counter, field) in zip(MemcgCounter.allCases, cgroup.statFields) where field.value != 0 {
      let bytes = counter.isPages || counter.isBytes
      rows.append([field.name, bytes ? "\(field.value)" : "", bytes ? "" : "\(field.value)"])
    }
    for field in cgroup.eventFields where field.value != 0 {
      rows.append(["memory.events \(field.name)", "", "\(field.value)"])
    }
    return rows
  }

  private static func notes(_ machine: MachineObject) -> [String] {
    guard !machine.notes.isEmpty else { return [] }
    return [""] + TextTable.lines([["note", ""]] + machine.notes.map { [$0.name, $0.value] })
  }

  private static func told(_ expectations: [Expectation]) -> [String] {
    guard !expectations.isEmpty else { return [] }
    return ["", "expected"]
      + expectations.map {
        "  \($0.holds ? "holds " : "FAILED")  \($0.what)\($0.holds ? "" : "  (\($0.place))")"
      }
  }

  /// One machine's digest as it is; several are folded in order of creation.
  private static func digest(_ machines: [MachineObject]) -> String {
    var digest = machines[0].backend.digest
    for other in machines.dropFirst() { digest.fold(other.backend.digest.value) }
    let events = machines.reduce(0) { $0 + $1.backend.eventCount }
    let longest = machines.map { $0.backend.timeline.now - $0.atBoot.at }.max()!
    return "digest \(digest.text)   \(grouped(events)) events   \(seconds(longest)) simulated"
  }

  private static func seconds(_ span: Nanoseconds) -> String {
    let milliseconds = span.count / 1_000_000
    let decimals = String(milliseconds % 1000 + 1000).dropFirst()
    return "\(milliseconds / 1000).\(decimals) s"
  }

  /// 142 907
  private static func grouped(_ n: UInt64) -> String {
    n < 1000 ? "\(n)" : grouped(n / 1000) + " " + String(n % 1000 + 1000).dropFirst()
  }
}

extension MemcgCounter {
  /// Kept in bytes, as memory.stat prints it.
  var isBytes: Bool { self == .slab_reclaimable || self == .slab_unreclaimable }
}

/// Rows of words in columns as wide as they need.
enum TextTable {
  static func lines(_ rows: [[String]], leftAligned: Int = 1) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    // The first row is the heading; the others are indented by two.
    let widths = (0..<columns).map { c in
      rows.enumerated().map { r, row in row[c].count + (c == 0 && r > 0 ? 2 : 0) }.max() ?? 0
    }
    return rows.enumerated().map { r, row in
      var line = r == 0 ? "" : "  "
      for (c, word) in row.enumerated() {
        let room = widths[c] - (c == 0 && r > 0 ? 2 : 0)
        let padding = String(repeating: " ", count: max(0, room - word.count))
        line += c < leftAligned ? word + padding : "  " + padding + word
        if c < leftAligned - 1 { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
