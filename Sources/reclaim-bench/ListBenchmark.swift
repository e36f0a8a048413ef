// SPDX-License-Identifier: Apache-2.0
// The engine's list against the C list, at each size and in both orders; and the independent
// gather, the least that memory allows.
//
// All three take turns on rows of the same number in the same order, so that they see the same
// disturbances, and the two lists must reclaim the same pages' number: else one of them does
// something else and the ratio means nothing.

import ReclaimEngine

struct ListBenchmark: Benchmark {
  let name = "list"

  /// The size from which on lists do not fit into caches and targets apply.
  static let smallestLarge = 1_000_000

  func measure(_ settings: Settings, _ report: inout Report) {
    for (order, size) in settings.lists { measure(settings, order, size, &report) }
  }

  private func measure(
    _ settings: Settings, _ order: ListOrder, _ size: Int, _ report: inout Report
  ) {
    let linked = CList(size: size, order)
    let chunked = Self.chunked(linked)
    let gathered = min(size, settings.items)
    var (links, chunks, gathers): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<settings.rounds {
      var (expected, found) = (0, 0)
      links.append(nanosecondsPerItem(settings.items) { expected = linked.scan(settings.items) })
      chunks.append(nanosecondsPerItem(settings.items) { found = chunked.scan(settings.items) })
      gathers.append(nanosecondsPerItem(gathered) { _ = linked.gather(gathered) })
      precondition(found == expected, "the C list reclaimed \(expected), FolioLists \(found)")
    }
    report.add(CList.scanName(order), size: size, median(of: links))
    report.add(CList.gatherName(order), size: size, median(of: gathers))
    let most = order == .aged ? 0.2 : 1.3
    report.add(
      "list alone, \(order.name)", size: size, median(of: chunks), against: CList.scanName(order),
      target: size >= Self.smallestLarge ? .ratio(most) : nil)
  }

  private static func chunked(_ linked: CList) -> ListScan {
    do {
      return try ListScan(order: linked.order, count: linked.size)
    } catch {
      fatalError("\(error.message): choose smaller --sizes")
    }
  }
}
