// SPDX-License-Identifier: Apache-2.0
// Readings at marks become cells: one counter over one interval between two marks, for both sides
// alike.

package import UAPI

/// The cells between two marks that follow one another.
package struct CellInterval: Sendable, Equatable {
  package let from: String
  package let to: String
  /// In pages or events, by the names of CellNames.
  package let cells: [String: Int]

  package init(from: String, to: String, cells: [String: Int]) {
    self.from = from
    self.to = to
    self.cells = cells
  }

  func spans(_ other: CellInterval) -> Bool { from == other.from && to == other.to }
}

extension CellInterval {
  /// The cells of a simulated run; every name is there, zeros too.
  /// - Parameter marks: readings in order, `base` first.
  package static func simulated(_ marks: [(name: String, snapshot: Snapshot)]) -> [CellInterval] {
    zip(marks, marks.dropFirst()).map { from, to in
      CellInterval(
        from: from.name, to: to.name, cells: cells(from.snapshot, to.snapshot))
    }
  }

  private static func cells(_ a: Snapshot, _ b: Snapshot) -> [String: Int] {
    var cells: [String: Int] = [:]
    for counter in CellNames.vmstatFlows + CellNames.vmstatLevels {
      cells[CellNames.vmstat(counter.name)] = b[counter] - a[counter]
    }
    cells[CellNames.vmstat("allocstall")] =
      CellNames.allocstall.reduce(0) { $0 + b[$1] - a[$1] }
    for group in b.cgroups where group.path != "/" {
      let before = a.cgroup(group.path)
      func put(_ name: String, _ value: Int) { cells[CellNames.cgroup(group.path, name)] = value }
      for counter in CellNames.cgroupFlows {
        put(counter.name, group[counter] - (before?[counter] ?? 0))
      }
      for counter in CellNames.cgroupLevels { put(counter.name, group[counter]) }
      for event in CellNames.cgroupEvents {
        put("event_\(event.name)", group[event] - (before?[event] ?? 0))
      }
      put("current", group.current ?? 0)
      put("swap_current", group.swapCurrent ?? 0)
    }
    if b.nodes.count > 1 {
      for number in b.nodes.indices {
        for counter in CellNames.node {
          cells[CellNames.node(number, counter.name)] =
            b.nodes[number][counter] - a.nodes[number][counter]
        }
      }
    }
    return cells
  }

  /// The cells of a real run: names that this kernel's files do not have are left out.
  static func real(_ answers: RecordingAnswers) -> [CellInterval] {
    zip(answers.marks, answers.marks.dropFirst()).map { from, to in
      var cells = cells(from, to)
      if to.name == "end" {
        for name in CellNames.unscoredAtEnd { cells[name] = nil }
      }
      return CellInterval(from: from.name, to: to.name, cells: cells)
    }
  }

  private static func cells(
    _ a: RecordingAnswers.Mark, _ b: RecordingAnswers.Mark
  ) -> [String: Int] {
    var cells: [String: Int] = [:]
    func change(_ name: String, _ key: String, _ from: [String: Int], _ to: [String: Int]) {
      if let value = to[key] { cells[name] = value - (from[key] ?? 0) }
    }
    for counter in CellNames.vmstatFlows + CellNames.vmstatLevels {
      change(CellNames.vmstat(counter.name), counter.name, a.vmstat, b.vmstat)
    }
    cells[CellNames.vmstat("allocstall")] =
      b.vmstat.filter { $0.key.hasPrefix("allocstall_") }
      .reduce(0) { $0 + $1.value - (a.vmstat[$1.key] ?? 0) }
    for (path, group) in b.cgroups where path != "/" {
      let before = a.cgroups[path]
      func name(_ field: String) -> String { CellNames.cgroup(path, field) }
      let stat = group.stat ?? [:]
      for counter in CellNames.cgroupFlows {
        change(name(counter.name), counter.name, before?.stat ?? [:], stat)
      }
      for counter in CellNames.cgroupLevels {
        if let bytes = stat[counter.name] { cells[name(counter.name)] = bytes / Pages.size }
      }
      for event in CellNames.cgroupEvents {
        change(
          name("event_\(event.name)"), event.name, before?.events ?? [:], group.events ?? [:])
      }
      if let bytes = group.current { cells[name("current")] = bytes / Pages.size }
      if let bytes = group.swapCurrent { cells[name("swap_current")] = bytes / Pages.size }
    }
    if a.nodes.count > 1 {
      for (number, counters) in b.nodes {
        for counter in CellNames.node {
          change(
            CellNames.node(number, counter.name), counter.name, a.nodes[number] ?? [:], counters)
        }
      }
    }
    return cells
  }
}
