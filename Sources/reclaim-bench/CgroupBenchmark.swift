// SPDX-License-Identifier: Apache-2.0
// Many cgroups: what global reclaim costs for each page when ten thousand cgroups share the memory
// that ten shared.
//
// Each has so little then that reclaim finds nothing in most rounds and a page at a time in others,
// where the kernel's rules have it visit every one of them (reference 04 §4.3).

import ReclaimEngine
import Timeline
import UAPI

struct CgroupBenchmark: Benchmark {
  let name = "cgroups"
  private static let few = 10, many = 10_000

  func measure(_ settings: Settings, _ report: inout Report) {
    let size = ListBenchmark.smallestLarge
    guard settings.sizes.contains(size) else { return }
    var figures = [Self.few: [Cost](), Self.many: [Cost]()]
    for _ in 0..<settings.machineRounds {
      for cgroups in [Self.few, Self.many] {
        ManyCgroups.run(cgroups, size: size) { machine throws(Killed) in
          figures[cgroups]!.append(try await machine.visit(Self.many))
        }
      }
    }
    for cgroups in [Self.few, Self.many] {
      let costs = figures[cgroups]!, misses = costs.reduce(0) { $0 + $1.tally.misses }
      report.add(
        Self.row(cgroups), size: size, median(of: costs.map(\.perMiss)),
        against: cgroups == Self.few ? nil : Self.row(Self.few),
        // Missed today (docs/performance.md): a short run shows it and does not stop for it.
        target: cgroups == Self.few || settings.isShort ? nil : .ratio(2),
        beside: [
          ("scanned", Double(costs.reduce(0) { $0 + $1.tally.scanned }) / Double(misses)),
          ("reclaimed", Double(costs.reduce(0) { $0 + $1.tally.reclaimed }) / Double(misses)),
          ("events", Double(costs.reduce(0) { $0 + $1.tally.events }) / Double(misses)),
        ])
    }
  }

  private static func row(_ cgroups: Int) -> String {
    "fault that reclaims globally, \(cgroups) cgroups"
  }
}
