// SPDX-License-Identifier: Apache-2.0
// The files of a memory cgroup as the kernel prints them (reference 13 §13.5, 14 §14.5, 16 §16.8).

package import UAPI

extension Machine {
  /// The text of a file, without the newline at its end; nil where there is no such cgroup, or this
  /// kernel has no such file there.
  package func text(of file: CgroupFile, in path: String) -> String? {
    guard let cgroup = memory.tree.find(path) else { return nil }
    return memory.text(of: file, in: cgroup)
  }
}

extension Memory {
  fileprivate func text(of file: CgroupFile, in cgroup: MemCgroup) -> String? {
    // The root has statistics and pressure, and no files of its own charges and limits.
    if cgroup.isRoot, file != .stat, file != .pressure { return nil }
    let snapshot = snapshot(of: cgroup)
    let row = tree.rows[Int(cgroup.number)]
    switch file {
    case .current: return "\(row.usage * Pages.size)"
    case .peak: return snapshot.peak.map { "\($0 * Pages.size)" }
    case .stat: return MemoryStatText.text(snapshot.stat, profile.oomReport)
    case .events: return Self.lines(events(snapshot.events))
    case .eventsLocal: return Self.lines(events(snapshot.localEvents))
    case .swapCurrent: return "\(row.swapUsage * Pages.size)"
    case .swapEvents:
      return Self.lines(SwapEvent.allCases.map { ($0.name, snapshot.swapEvent($0)) })
    case .pressure: return pressure.snapshot(of: cgroup.number).text
    case .min: return Self.limit(row.min)
    case .low: return Self.limit(row.low)
    case .high: return Self.limit(row.high)
    case .max: return Self.limit(row.max)
    case .swapHigh: return Self.limit(row.swapHigh)
    case .swapMax: return Self.limit(row.swapMax)
    case .oomGroup: return cgroup.killsWhole ? "1" : "0"
    }
  }

  /// The lines of memory.events that this kernel has.
  private func events(_ counts: [Int]) -> [(String, Int)] {
    MemcgEvent.allCases.filter(profile.oomReport.has)
      .map { ($0.name, counts[$0.rawValue]) }
  }

  private static func lines(_ fields: [(String, Int)]) -> String {
    fields.map { "\($0) \($1)" }.joined(separator: "\n")
  }

  private static func limit(_ pages: Int) -> String {
    pages == MemcgRow.unlimited ? "max" : "\(pages * Pages.size)"
  }
}
