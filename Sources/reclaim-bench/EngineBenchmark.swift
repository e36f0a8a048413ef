// SPDX-License-Identifier: Apache-2.0
// The whole engine on clean pages of a file: what a read costs whose page must first be made room
// for, and what reclaim alone costs for each page it scans.

import ReclaimEngine
import Timeline
import UAPI

struct EngineBenchmark: Benchmark {
  let name = "engine"

  func measure(_ settings: Settings, _ report: inout Report) {
    for order in ListOrder.allCases {
      for size in settings.sizes { measure(settings, order, size, &report) }
    }
    addGrowth(settings, &report)
  }

  private func measure(
    _ settings: Settings, _ order: ListOrder, _ size: Int, _ report: inout Report
  ) {
    let rounds = settings.machineRounds
    let reads = max(size / 4, 1 << 18)
    var figures = (faults: [Cost](), reclaims: [Cost]())
    FullCgroup.run(size: size, order) { full throws(Killed) in
      for _ in 0..<rounds { figures.faults.append(try await full.read(reads)) }
      for _ in 0..<rounds {
        figures.reclaims.append(try await full.reclaim(size / 4))
        try await full.read(untilMissed: size / 4)
      }
    }
    addFaults(figures.faults, order, size, reads: reads, &report)
    addReclaims(figures.reclaims, order, size, &report)
  }

  private static func faultName(_ order: ListOrder) -> String {
    "fault that reclaims, \(order.name)"
  }

  private func addFaults(
    _ costs: [Cost], _ order: ListOrder, _ size: Int, reads: Int, _ report: inout Report
  ) {
    let isBound = order == .aged && size >= ListBenchmark.smallestLarge
    let misses = costs.reduce(0) { $0 + $1.tally.misses }
    let scanned = costs.reduce(0) { $0 + $1.tally.scanned }
    report.add(
      Self.faultName(order), size: size, median(of: costs.map(\.perMiss)),
      target: isBound ? .nanoseconds(200) : nil,
      beside: [
        ("hits", Double(costs.count * reads - misses) / Double(misses)),
        ("scanned", Double(scanned) / Double(misses)),
      ])
  }

  private func addReclaims(
    _ costs: [Cost], _ order: ListOrder, _ size: Int, _ report: inout Report
  ) {
    let isBound = order == .aged && size == 16_000_000
    let scanned = costs.reduce(0) { $0 + $1.tally.scanned }
    let reclaimed = costs.reduce(0) { $0 + $1.tally.reclaimed }
    report.add(
      "reclaim only, \(order.name)", size: size, median(of: costs.map(\.perScan)),
      against: CList.scanName(order), target: isBound ? .ratio(0.5) : nil,
      beside: [("scanned for each reclaimed", Double(scanned) / Double(reclaimed))])
  }

  /// How much dearer a fault is at the largest size than at the first that no cache holds.
  private func addGrowth(_ settings: Settings, _ report: inout Report) {
    let name = Self.faultName(.aged)
    let smallest = ListBenchmark.smallestLarge
    guard let largest = settings.sizes.max(), largest > smallest,
      let figure = report.nanoseconds(name, size: largest)
    else { return }
    report.add(
      "\(name): growth since \(Report.pages(smallest))", size: largest, figure, against: name,
      at: smallest, target: .ratio(1.5))
  }
}
