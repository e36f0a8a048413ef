// SPDX-License-Identifier: Apache-2.0
// From scan counts to batches: how much of each list, in which order, and when it is enough
// (reference 05 §§5.3, 5.4, 5.7).

import Timeline
import UAPI

/// A number for each evictable list.
package struct ScanCounts: Equatable {
  package var counts: (Int, Int, Int, Int) = (0, 0, 0, 0)

  package init() {}

  package subscript(_ list: Int) -> Int {
    get {
      switch list {
      case 0: counts.0
      case 1: counts.1
      case 2: counts.2
      default: counts.3
      }
    }
    set {
      switch list {
      case 0: counts.0 = newValue
      case 1: counts.1 = newValue
      case 2: counts.2 = newValue
      default: counts.3 = newValue
      }
    }
  }

  package static func == (a: ScanCounts, b: ScanCounts) -> Bool { a.counts == b.counts }

  var anon: Int { counts.0 + counts.1 }
  var file: Int { counts.2 + counts.3 }
  /// active_anon alone does not keep the loop going.
  package var keepsGoing: Bool { counts.0 != 0 || counts.2 != 0 || counts.3 != 0 }

  /// Once enough is reclaimed: drops the smaller side, cuts the other to the same unscanned share.
  /// False: nothing is left to do.
  package mutating func keepProportion(to targets: ScanCounts) -> Bool {
    if anon == 0 || file == 0 { return false }
    let dropsAnon = file > anon
    let left = dropsAnon ? anon : file
    let percent = left * 100 / ((dropsAnon ? targets.anon : targets.file) + 1)
    let smaller = dropsAnon ? 0 : 2, larger = 2 - smaller
    self[smaller] = 0
    self[smaller + 1] = 0
    for list in larger...(larger + 1) {
      let done = targets[list] - self[list]
      let wanted = targets[list] * (100 - percent) / 100
      self[list] = wanted - min(wanted, done)
    }
    return true
  }
}

extension Memory {
  /// shrink_lruvec: runs the scan counts down in batches, every list in its turn.
  func shrinkLruvec(_ memcg: MemCgroup, _ control: inout ScanControl) async throws(Killed) {
    var left = scanCounts(memcg, &control)
    let targets = left
    var reclaimed = 0
    // A direct reclaim of the machine scans at first all that it set out to.
    let isWhole =
      control.reclaimer == .direct && control.priority == profile.numbers.defaultPriority
    swap?.device?.plug()
    while left.keepsGoing {
      for list in 0..<4 where left[list] != 0 {
        let n = min(left[list], profile.numbers.swapClusterMax)
        left[list] -= n
        if ListIndex.isActive(list) {
          let cost = ageActive(memcg, list, n, &control)
          if cost > 0 { try await control.task.spend(cost) }
          continue
        }
        if _slowPath(mustCheckIsolation(list, control)) {
          let claimed = try await waitWhileTooManyAreIsolated(list, control)
          if let claimed {
            reclaimed += claimed
            continue
          }
        }
        let isolation = isolateInactive(memcg, list, n, control)
        if isolation.skipped > 0 { try await passTime(of: isolation, control.task) }
        let batch = beginInactiveBatch(memcg, list, isolation, &control)
        var owed = batch.cost + (left.keepsGoing ? profile.costs.nextBatch : 0)
        if let device = swap?.device {
          try await passTime(of: batch, device, control.task)
          owed -= batch.cost
        }
        endInactiveBatch(batch, control)
        reclaimed += batch.tally.reclaimed
        if endReason != nil { throw Killed() }
        try await control.task.spend(owed)
      }
      if reclaimed < control.toReclaim || isWhole { continue }
      guard left.keepProportion(to: targets) else { break }
    }
    control.reclaimed += reclaimed
    swap?.device?.unplug()
    if canAgeAnonymous(memcg) {
      let cost = shrinkActiveList(
        memcg, ListIndex.activeAnon, profile.numbers.swapClusterMax, control)
      try await control.task.spend(cost)
    }
  }

  /// Whether others hold folios of this kind, or wait until fewer are held; kswapd does not care.
  @inline(__always) private func mustCheckIsolation(_ list: Int, _ control: ScanControl) -> Bool {
    control.reclaimer != .kswapd
      && (node.counters[Self.isolated(list)] != 0 || reclaimThrottle.hasIsolatedSleepers)
  }

  /// The trailing pass: where there is swap, too short an inactive list is refilled a little.
  private func canAgeAnonymous(_ memcg: MemCgroup) -> Bool {
    guard swap != nil else { return false }
    let sizes = tree.lruvec(memcg.number).pointee.publishedSizes
    return isInactiveLow(sizes.inactiveAnon, sizes.activeAnon)
  }

  /// An active list is aged only where deactivation is allowed; skipped portions are consumed all
  /// the same.
  private func ageActive(
    _ memcg: MemCgroup, _ list: Int, _ n: Int, _ control: inout ScanControl
  ) -> UInt64 {
    let allowed =
      ListIndex.isFile(list) ? control.mayDeactivateFile : control.mayDeactivateAnon
    guard allowed else {
      control.skippedDeactivate = true
      return 0
    }
    return shrinkActiveList(memcg, list, n, control)
  }
}
