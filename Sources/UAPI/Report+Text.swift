// SPDX-License-Identifier: Apache-2.0
// A report as text for people: tasks and their latencies, counters under the kernel's names,
// cgroups, charts, notes, expectations, how far to trust it, and the digest last.

internal import Timeline

extension Report {
  /// Everything that follows the script's own output.
  package func text(_ style: TextStyle = TextStyle()) -> String {
    var lines: [String] = []
    for (i, machine) in machines.enumerated() {
      if machines.count > 1 { lines += ["", "machine \(i + 1)"] }
      lines += machine.lines(style)
    }
    lines += expectationLines(style)
    for (i, machine) in machines.enumerated() where !machine.trust.isEmpty {
      let which = machines.count > 1 ? ", machine \(i + 1)" : ""
      lines += ["", "how far to trust it\(which)"] + machine.trust.map { "  \($0)" }
    }
    if trusted {
      lines += ["", "trusted: Lua's whole library was open, so another run may be another one"]
    }
    if let digestLine { lines += ["", digestLine] }
    return lines.map { $0 + "\n" }.joined()
  }

  /// "digest 3ebb0b5cf5f5decb   2 244 events   0.213 s simulated"
  package var digestLine: String? {
    digest.map {
      "digest \($0)   \(events.grouped) events   \(Nanoseconds(simulated).inSeconds) simulated"
    }
  }

  package func expectationLines(_ style: TextStyle) -> [String] {
    guard !expectations.isEmpty else { return [] }
    return ["", "expected"]
      + expectations.map {
        $0.holds
          ? "  \(style.paint("holds ", .green))  \($0.what)"
          : "  \(style.paint("FAILED", .red))  \($0.what)  (\($0.place))"
      }
  }
}

extension MachineReport {
  package func lines(_ style: TextStyle) -> [String] {
    taskLines + latencyLines + counterLines + cgroups.flatMap(\.lines)
      + watches.flatMap { $0.lines(style) } + noteLines
  }

  private var taskLines: [String] {
    guard !tasks.isEmpty else { return [] }
    let rows = tasks.map {
      [$0.name, $0.state, Nanoseconds($0.cpu).text, Nanoseconds($0.reclaiming).text]
    }
    return [""]
      + TextTable.lines([["task", "state", "CPU", "of it reclaiming"]] + rows, leftAligned: 2)
      + tasks.compactMap(\.death)
  }

  private var latencyLines: [String] {
    var rows = [["latency", "", "count", "p50", "p99", "max"]]
    for task in tasks {
      for latency in task.latencies {
        rows.append(
          [task.name, latency.kind.rawValue, "\(latency.count)"]
            + [latency.p50, latency.p99, latency.max].map { Nanoseconds($0).rounded })
      }
    }
    return rows.count > 1 ? [""] + TextTable.lines(rows, leftAligned: 2) : []
  }

  private var counterLines: [String] {
    var rows = [["vmstat (pages, events; pgpgin, pgpgout in KiB)", "change", "now"]]
    for (before, after) in zip(before.list, after.list) where before.value != after.value {
      rows.append([after.name, (after.value - before.value).signed, "\(after.value)"])
    }
    return [""] + (rows.count > 1 ? TextTable.lines(rows) : ["vmstat: nothing changed"])
  }

  private var noteLines: [String] {
    guard !notes.isEmpty else { return [] }
    return [""] + TextTable.lines([["note", ""]] + notes.map { [$0.name, $0.value] })
  }
}

extension TaskSection {
  /// When it was killed, and why.
  fileprivate var death: String? {
    guard let killed, let ended else { return nil }
    return "task \(name) was killed after \(Nanoseconds(ended - started).text): \(killed)"
  }
}

extension CgroupSection {
  fileprivate var lines: [String] {
    var rows = [["cgroup \(path)", "bytes", "events"]]
    if let current { rows.append(["memory.current", "\(current)", ""]) }
    if let swapCurrent, swapCurrent > 0 {
      rows.append(["memory.swap.current", "\(swapCurrent)", ""])
    }
    for field in stat.list where field.value != 0 {
      let counter = MemcgCounter.allCases.first { $0.name == field.name }
      let isBytes = counter.map { $0.isPages || $0.isBytes } ?? false
      rows.append([field.name, isBytes ? "\(field.value)" : "", isBytes ? "" : "\(field.value)"])
    }
    for field in events.list where field.value != 0 {
      rows.append(["memory.events \(field.name)", "", "\(field.value)"])
    }
    return [""] + TextTable.lines(rows)
  }
}

extension Int {
  /// "+12", "-3"
  package var signed: String { self > 0 ? "+\(self)" : "\(self)" }
}
