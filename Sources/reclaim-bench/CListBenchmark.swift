// SPDX-License-Identifier: Apache-2.0
// The C list at each size, and the independent gather: no targets, but what others are measured by.

struct CListBenchmark: Benchmark {
  let name = "clist"

  func measure(_ settings: Settings, _ report: inout Report) {
    for order in ListOrder.allCases {
      for size in settings.sizes {
        let list = CList(size: size, order)
        let gathered = min(size, settings.items)
        // Scans and gathers take turns, so that both see the same disturbances.
        var (scans, gathers): ([Double], [Double]) = ([], [])
        for _ in 0..<settings.rounds {
          scans.append(nanosecondsPerItem(settings.items) { _ = list.scan(settings.items) })
          gathers.append(nanosecondsPerItem(gathered) { _ = list.gather(gathered) })
        }
        report.add(CList.scanName(order), size: size, median(of: scans))
        report.add(CList.gatherName(order), size: size, median(of: gathers))
      }
    }
  }
}
