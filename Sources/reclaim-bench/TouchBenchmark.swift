// SPDX-License-Identifier: Apache-2.0
// A touch that hits: an access to a page of anonymous memory that is mapped already.
//
// All the kernel would notice of it is a bit in the page table. The C touch goes through the rows
// of its list in the order in which they stand there, sets the mark of each, and moves one that has
// it already to another list.

import ReclaimEngine
import Timeline
import UAPI

struct TouchBenchmark: Benchmark {
  let name = "touch"

  func measure(_ settings: Settings, _ report: inout Report) {
    // What hits touches one entry: beyond all caches it costs the same at any size.
    for (order, size) in settings.lists where size <= Settings.largestInOrder {
      measure(settings, order, size, &report)
    }
  }

  private func measure(
    _ settings: Settings, _ order: ListOrder, _ size: Int, _ report: inout Report
  ) {
    let linked = CList(size: size, order)
    let count = settings.items
    var links: [Double] = []
    var touches: [Double] = []
    FullCgroup.run(.anonymous, size: 2 * size, pages: size, order) { full throws(Killed) in
      for _ in 0..<settings.rounds {
        links.append(nanosecondsPerItem(count) { linked.touch(count) })
        let cost = try await full.access(count)
        precondition(cost.tally.misses == 0, "\(cost.tally.misses) touches faulted")
        touches.append(cost.nanoseconds / Double(count))
      }
    }
    report.add(CList.touchName(order), size: size, median(of: links))
    report.add(
      "touch that hits, \(order.name)", size: size, median(of: touches),
      against: CList.touchName(order), target: .ratio(1.3))
  }
}
