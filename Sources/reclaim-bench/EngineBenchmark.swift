// SPDX-License-Identifier: Apache-2.0
// The whole engine: what an access costs whose page must first be made room for, and what reclaim
// alone costs for each page it scans.
//
// On clean pages of a file, which only have to be let go; and on anonymous pages, which are
// unmapped and written to swap, and of which the one that is missed is swapped in again.

import ReclaimEngine
import Timeline
import UAPI

struct EngineBenchmark: Benchmark {
  let name: String
  let kind: PageKind
  /// What a fault that reclaims may cost at random, nanoseconds.
  let bound: Double

  func measure(_ settings: Settings, _ report: inout Report) {
    for (order, size) in settings.lists { measure(settings, order, size, &report) }
    addGrowth(settings, &report)
  }

  /// What a round accesses, or reclaims, of a large machine, in pages: more says no more, and
  /// filling the machine takes long enough.
  private static let most = 4_000_000

  private func measure(
    _ settings: Settings, _ order: ListOrder, _ size: Int, _ report: inout Report
  ) {
    let rounds = settings.machineRounds
    let accesses = min(max(size / 4, 1 << 18), Self.most), part = min(size / 4, Self.most)
    var figures = (faults: [Cost](), reclaims: [Cost]())
    FullCgroup.run(kind, size: size, order) { full throws(Killed) in
      for _ in 0..<rounds { figures.faults.append(try await full.access(accesses)) }
      for _ in 0..<rounds {
        figures.reclaims.append(try await full.reclaim(part))
        try await full.access(untilMissed: part)
      }
    }
    addFaults(figures.faults, order, size, accesses: accesses, &report)
    addReclaims(figures.reclaims, order, size, &report)
  }

  private func faultName(_ order: ListOrder) -> String { rowName("fault that reclaims", order) }

  private func rowName(_ what: String, _ order: ListOrder) -> String {
    kind == .file ? "\(what), \(order.name)" : "\(what), \(kind), \(order.name)"
  }

  private func addFaults(
    _ costs: [Cost], _ order: ListOrder, _ size: Int, accesses: Int, _ report: inout Report
  ) {
    let isBound = order == .aged && size >= ListBenchmark.smallestLarge
    let misses = costs.reduce(0) { $0 + $1.tally.misses }
    let scanned = costs.reduce(0) { $0 + $1.tally.scanned }
    report.add(
      faultName(order), size: size, median(of: costs.map(\.perMiss)),
      target: isBound ? .nanoseconds(bound) : nil,
      beside: [
        ("hits", Double(costs.count * accesses - misses) / Double(misses)),
        ("scanned", Double(scanned) / Double(misses)),
      ])
  }

  private func addReclaims(
    _ costs: [Cost], _ order: ListOrder, _ size: Int, _ report: inout Report
  ) {
    let isBound = kind == .file && order == .aged && size == 16_000_000
    let scanned = costs.reduce(0) { $0 + $1.tally.scanned }
    let reclaimed = costs.reduce(0) { $0 + $1.tally.reclaimed }
    report.add(
      rowName("reclaim only", order), size: size, median(of: costs.map(\.perScan)),
      against: CList.scanName(order), target: isBound ? .ratio(0.5) : nil,
      beside: [("scanned for each reclaimed", Double(scanned) / Double(reclaimed))])
  }

  /// How much dearer a fault is at the largest size than at the first that no cache holds.
  private func addGrowth(_ settings: Settings, _ report: inout Report) {
    let name = faultName(.aged)
    let smallest = ListBenchmark.smallestLarge
    guard let largest = settings.sizes.max(), largest > smallest,
      let figure = report.nanoseconds(name, size: largest)
    else { return }
    report.add(
      "\(name): growth since \(Report.pages(smallest))", size: largest, figure, against: name,
      at: smallest, target: .ratio(1.5))
  }
}
