// SPDX-License-Identifier: Apache-2.0
// How much of each list to scan at a priority: get_scan_count (reference 05 §§5.3, 5.4).
//
// First which kinds may be scanned at all, and whether in proportion; then the share of each list.
// How the proportion is found differs between generations: here by the cost of I/O (5.8 and later).

import UAPI

/// Which kinds are scanned, and in which proportion.
package enum ScanBalance: Equatable {
  case fileOnly
  case anonOnly
  case equal
  /// Shares of the denominator.
  case fractions(anon: Int, file: Int, of: Int)

  /// The proportion by cost: each kind weighs its swappiness share against what it cost to lose
  /// (reference 05 §5.5.2). Integer divisions in the kernel's order.
  package static func byCost(_ cost: PerKind, swappiness: Int) -> ScanBalance {
    let total = cost.anon + cost.file
    let anonCost = total + cost.anon, fileCost = total + cost.file
    let sum = anonCost + fileCost
    let anon = swappiness * (sum + 1) / (anonCost + 1)
    let file = (200 - swappiness) * (sum + 1) / (fileCost + 1)
    return .fractions(anon: anon, file: file, of: anon + file)
  }

  /// The part of a list's share that this balance grants; fractions are rounded up for the lists
  /// of an offline cgroup.
  package func apply(_ scan: Int, file: Bool, roundingUp: Bool = false) -> Int {
    switch self {
    case .fileOnly: file ? scan : 0
    case .anonOnly: file ? 0 : scan
    case .equal: scan
    case .fractions(let anonShare, let fileShare, let denominator):
      denominator == 0
        ? 0
        : (scan * (file ? fileShare : anonShare) + (roundingUp ? denominator - 1 : 0)) / denominator
    }
  }
}

extension Memory {
  /// Whether the cgroup's folios could go to swap.
  private func hasSwap(for memcg: UInt16) -> Bool {
    swapSpace?._withUnsafeGuaranteedRef { $0.isAvailable(to: memcg) } ?? false
  }

  /// The first rule that fits decides.
  func scanBalance(_ memcg: UInt16, _ control: ScanControl) -> ScanBalance {
    if !control.maySwap || !hasSwap(for: memcg) { return .fileOnly }
    if !control.isGlobal, control.swappiness == 0 { return .fileOnly }
    if control.priority == 0, control.swappiness != 0 { return .equal }
    if control.fileIsTiny { return .anonOnly }
    if control.cacheTrimMode { return .fileOnly }
    return .byCost(control.cost, swappiness: control.swappiness)
  }

  /// Folios to scan on each list of a cgroup: what of it is not protected, shifted by the priority.
  func scanCounts(_ memcg: UInt16, _ control: inout ScanControl) -> ScanCounts {
    let lruvec = tree.lruvec(memcg), isOffline = tree.rows[Int(memcg)].isOffline
    let balance = scanBalance(memcg, control)
    var counts = ScanCounts()
    for list in 0..<4 {
      let size = size(of: lruvec.list(list), upTo: control.highestZone)
      var scan = scannable(size, memcg, &control) >> control.priority
      if scan == 0, isOffline { scan = min(size, profile.numbers.swapClusterMax) }
      counts[list] = balance.apply(
        scan, file: ListIndex.isFile(list), roundingUp: isOffline)
    }
    return counts
  }

  /// Folios of a list in zones up to an index. The lists do not know their zones: they are counted,
  /// which only runs for a lower zone need.
  func size(of list: UnsafeMutablePointer<FolioList>, upTo highest: Int) -> Int {
    if _fastPath(!hasZone(above: highest)) { return list.pointee.count }
    let zones = node.zones(upTo: highest)
    var size = 0
    lists.forEach(of: list) { frame in
      if zones.contains(where: { $0.contains(frame) }) { size += 1 }
    }
    return size
  }
}
