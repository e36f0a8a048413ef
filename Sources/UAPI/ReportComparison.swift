// SPDX-License-Identifier: Apache-2.0
// Reports of one scenario side by side, one column for each kernel, differences marked.
//
// A row is what one line of a report says. Rows stand in the order in which the first report that
// has them tells them; who has not got one shows a dash. A counter that a kernel has not got
// differs from nothing.

internal import Timeline

package struct ReportComparison {
  private let reports: [Report]

  /// - Parameter reports: one at least.
  package init(_ reports: [Report]) { self.reports = reports }

  package func text(_ style: TextStyle = TextStyle()) -> String {
    let columns = reports.map(\.entries)
    var keys: [Entry] = []
    for entry in columns.joined() where !keys.contains(where: entry.isSameRow) {
      if entry.isZero, columns.joined().allSatisfy({ !entry.isSameRow($0) || $0.isZero }) {
        continue
      }
      // Beside the rows of its own section, wherever another report has put them.
      let place = keys.lastIndex { $0.section == entry.section }.map { $0 + 1 } ?? keys.count
      keys.insert(entry, at: place)
    }
    var lines: [String] = []
    var from = 0
    while from < keys.count {
      let to = keys[from...].firstIndex { $0.section != keys[from].section } ?? keys.count
      lines += [""] + section(keys[from..<to], columns, style)
      from = to
    }
    lines += trust
    return lines.map { $0 + "\n" }.joined()
  }

  private func section(
    _ keys: ArraySlice<Entry>, _ columns: [[Entry]], _ style: TextStyle
  ) -> [String] {
    let heading = [keys.first!.section] + reports.map(\.kernels) + [""]
    let rows = keys.map { key in
      let values = columns.map { $0.first(where: key.isSameRow)?.value ?? "-" }
      let told =
        key.isCounter ? columns.compactMap { $0.first(where: key.isSameRow)?.value } : values
      let differs = told.contains { $0 != told[0] }
      return [key.label] + values + [differs ? "≠" : ""]
    }
    return TextTable.lines([heading] + rows).map {
      $0.hasSuffix("≠") ? style.paint($0, .yellow) : $0
    }
  }

  private var trust: [String] {
    reports.flatMap { report in
      report.machines.flatMap { machine in
        machine.trust.isEmpty
          ? [] : ["", "how far to trust \(machine.kernel)"] + machine.trust.map { "  \($0)" }
      }
    }
  }
}

private struct Entry {
  var section: String
  var label: String
  var value: String
  /// Nothing to tell, unless another report tells something.
  var isZero = false
  /// One of a kernel's file, which not every kernel has.
  var isCounter = false

  func isSameRow(_ other: Entry) -> Bool { section == other.section && label == other.label }
}

extension Report {
  /// What ran: the kernel of the first machine, as long as there is one.
  fileprivate var kernels: String { machines.first?.kernel ?? "no machine" }

  fileprivate var entries: [Entry] {
    var entries: [Entry] = []
    for (i, machine) in machines.enumerated() {
      entries += machine.entries(machines.count > 1 ? "machine \(i + 1), " : "")
    }
    entries += expectations.map {
      Entry(section: "expected", label: $0.what, value: $0.holds ? "holds" : "FAILED")
    }
    let end = "run"
    entries.append(
      Entry(section: end, label: "simulated", value: Nanoseconds(simulated).inSeconds))
    entries.append(Entry(section: end, label: "events", value: events.grouped))
    entries.append(Entry(section: end, label: "ended", value: failure == nil ? "well" : "FAILED"))
    if let digest { entries.append(Entry(section: end, label: "digest", value: digest)) }
    return entries
  }
}

extension MachineReport {
  fileprivate func entries(_ prefix: String) -> [Entry] {
    var entries: [Entry] = []
    for task in tasks {
      let section = prefix + "task \(task.name)"
      entries.append(Entry(section: section, label: "state", value: task.state))
      let times = [("CPU", task.cpu), ("of it reclaiming", task.reclaiming)]
      entries += times.map {
        Entry(section: section, label: $0.0, value: Nanoseconds($0.1).text)
      }
      for latency in task.latencies {
        let kind = latency.kind.rawValue
        entries.append(Entry(section: section, label: "\(kind), count", value: "\(latency.count)"))
        let numbers = [("p50", latency.p50), ("p99", latency.p99), ("max", latency.max)]
        entries += numbers.map {
          Entry(section: section, label: "\(kind), \($0.0)", value: Nanoseconds($0.1).rounded)
        }
      }
    }
    for (before, after) in zip(before.list, after.list) {
      let change = after.value - before.value
      entries.append(
        Entry(
          section: prefix + "vmstat (pages, events; KiB), change", label: after.name,
          value: change.signed, isZero: change == 0, isCounter: true))
    }
    for cgroup in cgroups {
      let section = prefix + "cgroup \(cgroup.path) (bytes, events)"
      if let bytes = cgroup.current {
        entries.append(Entry(section: section, label: "memory.current", value: "\(bytes)"))
      }
      let events = cgroup.events.list.map { NamedNumber("memory.events \($0.name)", $0.value) }
      for field in cgroup.stat.list + events {
        entries.append(
          Entry(
            section: section, label: field.name, value: "\(field.value)",
            isZero: field.value == 0, isCounter: true))
      }
    }
    entries += notes.map {
      Entry(section: prefix + "note", label: $0.name, value: $0.value)
    }
    return entries
  }
}
