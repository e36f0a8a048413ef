// SPDX-License-Identifier: Apache-2.0
// One cgroup's turn in a walk: its lists in batches (shrink_lruvec), then its shrinkers (reference
// 05 §5.7, 04 §4.3).
//
// A walk over many cgroups makes many small visits, so all of them happen in one synchronous
// function, which comes back where somebody else may have a say: when time that is spent is not
// the visitor's alone, or when a batch has to wait for a device.

import Timeline
import UAPI

/// How far the visit of one cgroup has come.
struct Visit {
  fileprivate enum Phase {
    case lists, ageing, slab
  }

  let memcg: UInt16
  /// What is left of the scan counts, and what they were.
  fileprivate var left: ScanCounts
  fileprivate let targets: ScanCounts
  /// A direct reclaim of the machine scans at first all that it set out to.
  fileprivate let isWhole: Bool
  fileprivate var phase = Phase.lists
  /// The list whose turn it is in this round.
  fileprivate var list = 0
  fileprivate var reclaimed = 0
}

/// Why a walk cannot go on at once.
enum VisitPause {
  /// CPU time is to be spent.
  case owes(UInt64)
  /// A batch has been isolated whose shrinking takes time in the middle.
  case isolated(Isolation, list: Int)
  /// Others hold folios of a list's kind: before a batch is taken off it they may be too many.
  case crowded(list: Int, batch: Int)
  /// The run is over.
  case ended
}

extension Memory {
  /// Goes on with a walk, visit by visit.
  /// - Returns: what it has to wait for; nil when every cgroup has been visited.
  @inline(never) func advance(
    _ walk: inout ReclaimWalk, _ visit: inout Visit?, _ control: inout ScanControl
  ) -> VisitPause? {
    while true {
      if visit == nil {
        guard let memcg = nextVisit(&walk, &control) else { return nil }
        visit = begin(memcg, &control)
      }
      if let pause = advance(&visit!, &control) { return pause }
      visit = nil
    }
  }

  private func begin(_ memcg: UInt16, _ control: inout ScanControl) -> Visit {
    let counts = scanCounts(memcg, &control)
    swap?.device?.plug()
    return Visit(
      memcg: memcg, left: counts, targets: counts,
      isWhole: control.reclaimer == .direct
        && control.priority == profile.numbers.defaultPriority)
  }

  private func advance(_ visit: inout Visit, _ control: inout ScanControl) -> VisitPause? {
    if visit.phase == .lists {
      if let pause = shrinkLists(&visit, &control) { return pause }
      control.reclaimed += visit.reclaimed
      swap?.device?.unplug()
      visit.phase = .ageing
      if canAgeAnonymous(visit.memcg) {
        let cost = shrinkActiveList(
          visit.memcg, ListIndex.activeAnon, profile.numbers.swapClusterMax, control)
        if !control.task.trySpend(cost) { return .owes(cost) }
      }
    }
    if visit.phase == .ageing {
      visit.phase = .slab
      let cost = shrinkSlab(visit.memcg, &control)
      if cost > 0, !control.task.trySpend(cost) { return .owes(cost) }
    }
    return nil
  }

  /// shrink_lruvec: runs the scan counts down in batches, every list in its turn.
  private func shrinkLists(_ visit: inout Visit, _ control: inout ScanControl) -> VisitPause? {
    while visit.list > 0 || visit.left.keepsGoing {
      while visit.list < 4 {
        let list = visit.list
        visit.list += 1
        if visit.left[list] == 0 { continue }
        let n = min(visit.left[list], profile.numbers.swapClusterMax)
        visit.left[list] -= n
        let cost: UInt64
        if ListIndex.isActive(list) {
          cost = ageActive(visit.memcg, list, n, &control)
        } else {
          if _slowPath(isCrowded(list, control)) { return .crowded(list: list, batch: n) }
          let isolation = isolateInactive(visit.memcg, list, n, control)
          if isolation.skipped > 0 || hasTimedSwap { return .isolated(isolation, list: list) }
          let batch = beginInactiveBatch(visit.memcg, list, isolation, &control)
          cost = end(batch, of: &visit, control)
          if endReason != nil { return .ended }
        }
        if cost > 0, !control.task.trySpend(cost) { return .owes(cost) }
      }
      visit.list = 0
      if visit.reclaimed < control.toReclaim || visit.isWhole { continue }
      guard visit.left.keepProportion(to: visit.targets) else { break }
    }
    return nil
  }

  private var hasTimedSwap: Bool { swap?.device != nil }

  /// Ends a batch.
  /// - Returns: the CPU time that it took.
  private func end(
    _ batch: InactiveBatch, of visit: inout Visit, _ control: ScanControl
  ) -> UInt64 {
    endInactiveBatch(batch, control)
    visit.reclaimed += batch.tally.reclaimed
    return batch.cost + (visit.left.keepsGoing ? profile.costs.nextBatch : 0)
  }

  /// Waits for what a walk has come back for.
  func wait(
    for pause: VisitPause, _ visit: inout Visit?, _ control: inout ScanControl
  ) async throws(Killed) {
    switch pause {
    case .owes(let cost): try await control.task.spend(cost)
    case .ended: throw Killed()
    case .isolated(let isolation, let list):
      try await shrink(isolation, list, &visit!, &control)
    case .crowded(let list, let n):
      if let claimed = try await waitWhileTooManyAreIsolated(list, control) {
        visit!.reclaimed += claimed
      } else {
        let isolation = isolateInactive(visit!.memcg, list, n, control)
        try await shrink(isolation, list, &visit!, &control)
      }
    }
  }

  /// A batch that takes time in its middle.
  private func shrink(
    _ isolation: Isolation, _ list: Int, _ visit: inout Visit, _ control: inout ScanControl
  ) async throws(Killed) {
    if isolation.skipped > 0 { try await passTime(of: isolation, control.task) }
    let batch = beginInactiveBatch(visit.memcg, list, isolation, &control)
    if let device = swap?.device { try await passTime(of: batch, device, control.task) }
    var cost = end(batch, of: &visit, control)
    if swap?.device != nil { cost -= batch.cost }
    if endReason != nil { throw Killed() }
    try await control.task.spend(cost)
  }

  /// Whether others hold folios of this kind, or wait until fewer are held; kswapd does not care.
  @inline(__always) private func isCrowded(_ list: Int, _ control: ScanControl) -> Bool {
    control.reclaimer != .kswapd
      && (node.counters[Self.isolated(list)] != 0 || reclaimThrottle.hasIsolatedSleepers)
  }

  /// The trailing pass: where there is swap, too short an inactive list is refilled a little.
  func canAgeAnonymous(_ memcg: UInt16) -> Bool {
    guard swapSpace != nil else { return false }
    let sizes = tree.lruvec(memcg).pointee.publishedSizes
    return isInactiveLow(sizes.inactiveAnon, sizes.activeAnon)
  }

  /// An active list is aged only where deactivation is allowed; skipped portions are consumed all
  /// the same.
  private func ageActive(
    _ memcg: UInt16, _ list: Int, _ n: Int, _ control: inout ScanControl
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
