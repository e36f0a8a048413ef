// SPDX-License-Identifier: Apache-2.0
// One priority on one node: decide for the target, then visit every cgroup below it (reference 04).

import Timeline
import UAPI

extension Memory {
  /// shrink_node: rounds over the cgroups, more than one only where a block of several pages is
  /// wanted.
  func shrinkNode(_ control: inout ScanControl) async throws(Killed) {
    var reclaimed: Int
    repeat {
      reclaimed = control.reclaimed
      control.round = RoundTally()
      try await shrinkRound(&control)
      if control.reclaimed > reclaimed { kswapd.madeProgress() }
      try await settleRound(control)
    } while continuesForBlock(control, reclaimed: control.reclaimed - reclaimed)
  }

  /// A round: prepare, walk the cgroups (lists, then slab), tell vmpressure.
  private func shrinkRound(_ control: inout ScanControl) async throws(Killed) {
    let (reclaimed, scanned) = (control.reclaimed, control.scanned)
    prepareScan(&control)
    var walk = tree.walk(below: control.target.number)
    var visit: Visit?
    while let pause = advance(&walk, &visit, &control) {
      try await wait(for: pause, &visit, &control)
    }
    control.reclaimed += control.task.slabReclaimed
    control.task.slabReclaimed = 0
    guard control.isGlobal else {
      return try await control.task.spend(profile.costs.memcgRound)
    }
    notePressure(
      scanned: control.scanned - scanned, reclaimed: control.reclaimed - reclaimed)
    try await control.task.spend(profile.costs.priorityRound)
  }

  /// should_continue_reclaim: a large block's request, and late priorities of any for 2^order
  /// pages, go on as long as rounds free something, no zone has a block or enough free pages to
  /// compact one, and the lists hold more than that takes (reference 04 §4.8).
  private func continuesForBlock(_ control: ScanControl, reclaimed: Int) -> Bool {
    guard control.order > 0, control.gfp.contains(.io), reclaimed > 0,
      AllocationRequest.isCostly(control.order)
        || control.priority < profile.numbers.defaultPriority - 2
    else { return false }
    let zones = node.zones(upTo: control.highestZone)
    if zones.contains(where: {
      $0.suitability(order: control.order, control.highestZone) != .skipped
    }) {
      return false
    }
    let sizes = tree.books.head.pointee.totals
    let hasSwap = (swap?.area.free ?? 0) > 0
    return sizes.inactiveFile + (hasSwap ? sizes.inactiveAnon : 0)
      > Zone.compactGap(order: control.order)
  }

  /// prepare_scan_control: what the target's statistics, as last published, allow (reference 04
  /// §4.2).
  private func prepareScan(_ control: inout ScanControl) {
    flushStatisticsIfDue()
    let lruvec = tree.lruvec(control.target.number)
    let sizes = lruvec.pointee.publishedSizes
    control.cost = lruvec.pointee.cost
    if control.forceDeactivate {
      control.mayDeactivateAnon = true
      control.mayDeactivateFile = true
    } else {
      let activations = lruvec.pointee.publishedActivations
      let seen = lruvec.pointee.refaultsSeen
      control.mayDeactivateAnon =
        activations.anon != seen.anon
        || isInactiveLow(sizes.inactiveAnon, sizes.activeAnon)
      control.mayDeactivateFile =
        activations.file != seen.file
        || isInactiveLow(sizes.inactiveFile, sizes.activeFile)
    }
    control.cacheTrimMode =
      sizes.inactiveFile >> control.priority != 0 && !control.mayDeactivateFile
    if control.isGlobal { control.fileIsTiny = isFileTiny(control) }
  }

  /// Where all file pages and all free ones together would not reach the high marks, and anonymous
  /// ones can be had, these are scanned alone (reference 04 §4.2).
  private func isFileTiny(_ control: ScanControl) -> Bool {
    let sizes = tree.books.head.pointee.totals
    let free = node.zones.reduce(0) { $0 + $1.free }
    let high = node.zones.reduce(0) { $0 + $1.watermarks.high + $1.boost }
    return sizes.inactiveFile + sizes.activeFile + free <= high
      && !control.mayDeactivateAnon && sizes.inactiveAnon >> control.priority != 0
  }

  /// inactive_is_low: the larger the lists, the smaller the share that must be inactive (reference
  /// 05 §5.6).
  package func isInactiveLow(_ inactive: Int, _ active: Int) -> Bool {
    let gigabytes = (inactive + active) >> profile.numbers.gigabyteShift
    let ratio = gigabytes > 0 ? squareRoot(10 * gigabytes) : 1
    return inactive * ratio < active
  }

  /// A reader that does not insist: publishes statistics when enough updates are pending.
  func flushStatisticsIfDue() {
    switch profile.memcgStatistics {
    case .flushedWhenPending:
      guard tree.statistics.isDue else { return }
      tree.publish()
      tree.statistics.wasFlushed()
    case .accumulated: return
    }
  }
}
