// SPDX-License-Identifier: Apache-2.0
// A batch of an inactive list: isolate, shrink, free, put back, settle (reference 06 §6.3).

import UAPI

/// What happened to the folios of one batch: reclaim_stat.
struct ShrinkTally {
  /// Folios processed; those whose lock was taken are not (sc.nr_scanned).
  var processed = 0
  var reclaimed = 0
  var activatedAnon = 0
  var activatedFile = 0
  var referencedKept = 0
  var dirty = 0
  var writeback = 0
  var congested = 0
  var immediate = 0
  var unmapFailed = 0
  /// Folios for which page-out was started.
  var pagedOut = 0
  /// The evicted slots folded into one word, for the digest.
  var evicted: UInt64 = 0

  var activated: Int { activatedAnon + activatedFile }
}

extension Memory {
  /// shrink_inactive_list.
  /// - Returns: pages reclaimed, and what the batch costs in CPU time.
  func shrinkInactiveList(_ memcg: MemCgroup, _ list: Int, _ n: Int, _ control: inout ScanControl)
    -> (reclaimed: Int, cost: UInt64)
  {
    batches.drain()
    packListsIfNeeded()
    let number = memcg.number
    let lruvec = tree.lruvec(number)
    let isFile = ListIndex.isFile(list)
    let isolation = isolate(n, from: list, of: number, into: batch)
    tracer.lruIsolate(isolation, zoneIndex: ScanControl.topZone, list: list)
    countScan(number, isolation.scanned, file: isFile)
    if isolation.taken == 0 { return (0, profile.costs.reclaimBatch) }
    prefetchBehind(lruvec.list(list))

    var tally = ShrinkTally()
    let purpose = ShrinkPurpose(
      owner: number, clock: control.target.number, references: control.target.number)
    let kept = shrinkFolioList(isolation.taken, purpose, &tally)
    control.scanned += tally.processed
    settle(tally, number)
    putBack(batch, kept, number)
    countSteal(number, tally.reclaimed, file: isFile)
    workingset.noteCost(number, tally.pagedOut, file: isFile)
    tracer.lruShrinkInactive(
      node: node.number, scanned: isolation.scanned, tally, priority: control.priority,
      file: isFile, evicted: tally.evicted)
    let costs = profile.costs
    return (
      tally.reclaimed,
      costs.reclaimBatch
        + UInt64(tally.reclaimed) * (isFile ? costs.cleanPageReclaimed : costs.pageSwappedOut)
        + UInt64(kept) * costs.pageKept
    )
  }

  /// pgscan of a cgroup's own limit: its memory.stat as direct, globally only by kind (reference 06
  /// §6.6).
  private func countScan(_ memcg: UInt16, _ n: Int, file: Bool) {
    node.counters.add(n, to: file ? .pgscan_file : .pgscan_anon)
    tree.add(n, to: .pgscan, of: memcg)
    tree.add(n, to: .pgscan_direct, of: memcg)
    tree.statistics.note(n)
  }

  private func countSteal(_ memcg: UInt16, _ n: Int, file: Bool) {
    node.counters.add(n, to: file ? .pgsteal_file : .pgsteal_anon)
    tree.add(n, to: .pgsteal, of: memcg)
    tree.add(n, to: .pgsteal_direct, of: memcg)
    tree.statistics.note(n)
  }

  /// Before a batch is put back the lists must be certain to find chunks for it.
  @inline(__always) func packListsIfNeeded() {
    if lists.isShortOfChunks(for: 64) { packLists() }
  }

  @inline(never) private func packLists() {
    for memcg in tree.all {
      for list in 0..<ListIndex.count { lists.compact(tree.lruvec(memcg.number).list(list)) }
    }
  }
}
