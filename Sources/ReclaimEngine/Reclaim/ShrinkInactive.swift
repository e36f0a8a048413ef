// SPDX-License-Identifier: Apache-2.0
// A batch of an inactive list: isolate, shrink, free, put back, settle (reference 06 §6.3).

import Timeline
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
  /// Anonymous folios that were mapped until now.
  var unmapped = 0
  /// Of both, those that SwapOutAtOnce dealt with.
  var swappedAtOnce = 0
  /// The evicted slots folded into one word, for the digest.
  var evicted: UInt64 = 0

  var activated: Int { activatedAnon + activatedFile }
}

extension RoundTally {
  mutating func add(_ tally: ShrinkTally, taken: Int, file: Bool) {
    dirty += tally.dirty
    congested += tally.congested
    writeback += tally.writeback
    immediate += tally.immediate
    self.taken += taken
    if file { fileTaken += taken }
  }
}

/// A batch between the loop over its folios and its end.
struct InactiveBatch {
  let memcg: UInt16
  let list: Int
  let isolation: Isolation
  let tally: ShrinkTally
  /// Survivors, in the shared buffer.
  let kept: Int
  /// CPU time that it took.
  let cost: UInt64
}

extension Memory {
  /// shrink_inactive_list up to where the folios have been dealt with: what survives is on no list
  /// yet.
  func beginInactiveBatch(
    _ memcg: UInt16, _ list: Int, _ isolation: Isolation, _ control: inout ScanControl
  ) -> InactiveBatch {
    let lruvec = tree.lruvec(memcg)
    var tally = ShrinkTally()
    var kept = 0
    if isolation.taken > 0 {
      prefetchBehind(lruvec.list(list), isolation.requested)
      let purpose = ShrinkPurpose(
        owner: memcg, clock: control.target.number, references: control.references,
        isKswapd: control.reclaimer == .kswapd)
      kept = shrinkFolioList(isolation.taken, purpose, &tally)
      control.scanned += tally.processed
      control.round.add(tally, taken: isolation.taken, file: ListIndex.isFile(list))
    }
    return InactiveBatch(
      memcg: memcg, list: list, isolation: isolation, tally: tally, kept: kept,
      cost: cost(
        of: tally, kept: kept, file: ListIndex.isFile(list), globally: control.isGlobal))
  }

  /// The batch is taken off its list and counted.
  @inline(__always) func isolateInactive(
    _ memcg: UInt16, _ list: Int, _ n: Int, _ control: ScanControl
  ) -> Isolation {
    batches.drain()
    packListsIfNeeded()
    let isolation = isolate(n, from: list, of: memcg, upTo: control.highestZone)
    tracer.lruIsolate(isolation, zoneIndex: control.highestZone, list: list)
    node.counters.add(isolation.taken, to: Self.isolated(list))
    countScan(memcg, isolation.scanned, file: ListIndex.isFile(list), control)
    return isolation
  }

  /// CPU time of a batch.
  func cost(of tally: ShrinkTally, kept: Int, file: Bool, globally: Bool = false) -> UInt64 {
    let costs = profile.costs
    let isTimed = swap?.device != nil
    // A page handed to a timed device is kept as well, and cost what handing it over costs.
    let submitted = isTimed ? tally.pagedOut : 0
    let unmapped = isTimed ? tally.unmapped - submitted : 0
    let clean = globally ? costs.cleanPageReclaimedGlobally : costs.cleanPageReclaimed
    let reclaimed =
      file ? clean : isTimed ? costs.cleanSwapReclaimed : costs.pageSwappedOut
    return costs.reclaimBatch + UInt64(tally.reclaimed) * reclaimed
      + UInt64(kept - submitted) * costs.pageKept + UInt64(submitted) * costs.pageSubmitted
      + UInt64(max(0, unmapped)) * costs.pageUnmappedByReclaim
  }

  /// The batch's end: what was reclaimed is freed, survivors go back to their lists, all is
  /// counted.
  func endInactiveBatch(_ done: InactiveBatch, _ control: ScanControl) {
    if done.isolation.taken == 0 { return }
    let isFile = ListIndex.isFile(done.list)
    settle(done.tally, done.memcg)
    putBack(batch, freeOrphans(among: done.kept, of: done.memcg), done.memcg)
    node.counters.add(-done.isolation.taken, to: Self.isolated(done.list))
    countSteal(done.memcg, done.tally.reclaimed, file: isFile, control)
    workingset.noteCost(done.memcg, done.tally.pagedOut, file: isFile)
    tracer.lruShrinkInactive(
      node: node.number, scanned: done.isolation.scanned, done.tally, priority: control.priority,
      file: isFile, evicted: done.tally.evicted)
  }

  /// Where a timed device is written to, the batch stays off its lists for the time it takes, and
  /// longer when the device holds its writer back: what is finished meanwhile is not rotated. The
  /// pages beyond the writer's share are handed over when it goes on.
  func passTime(of done: InactiveBatch, _ device: BlockDevice, _ task: SimThread)
    async throws(Killed)
  {
    // Other tasks may reclaim meanwhile: the shared buffers are theirs until this one goes on.
    let parked = parkedBatches.park(batch, done.kept, freed, done.tally.reclaimed)
    // What others have handed over and is held is theirs to wait for.
    let writes = done.tally.pagedOut > 0
    let held = writes ? UInt64(device.heldPages) * profile.costs.pageSubmitted : 0
    try await task.spend(done.cost - min(done.cost, held))
    if writes, device.holdsWriterBack {
      try await device.waitForPlace(task.fiber)
      try await task.spend(held)
    }
    parkedBatches.unpark(parked, batch, done.kept, freed, done.tally.reclaimed)
  }

  /// A walk that set pages of higher zones aside took its time, during which nobody else ran; the
  /// batch it found stays off its list while others do now.
  func passTime(of isolation: Isolation, _ thread: SimThread) async throws(Killed) {
    let found = (0..<isolation.taken).map { batch[$0] }
    try await thread.spend(UInt64(isolation.skipped) * profile.costs.pageSkipped)
    for (k, frame) in found.enumerated() { batch[k] = frame }
  }

  /// pgscan of a cgroup's own limit: its memory.stat as direct, globally only by kind (reference 06
  /// §6.6).
  private func countScan(_ memcg: UInt16, _ n: Int, file: Bool, _ control: ScanControl) {
    node.counters.add(n, to: file ? .pgscan_file : .pgscan_anon)
    if control.isGlobal {
      node.counters.add(n, to: control.reclaimer == .kswapd ? .pgscan_kswapd : .pgscan_direct)
    }
    tree.add(n, to: .pgscan, of: memcg)
    tree.add(n, to: control.reclaimer == .kswapd ? .pgscan_kswapd : .pgscan_direct, of: memcg)
    tree.statistics.note(n)
  }

  private func countSteal(_ memcg: UInt16, _ n: Int, file: Bool, _ control: ScanControl) {
    node.counters.add(n, to: file ? .pgsteal_file : .pgsteal_anon)
    if control.isGlobal {
      node.counters.add(n, to: control.reclaimer == .kswapd ? .pgsteal_kswapd : .pgsteal_direct)
    }
    tree.add(n, to: .pgsteal, of: memcg)
    tree.add(n, to: control.reclaimer == .kswapd ? .pgsteal_kswapd : .pgsteal_direct, of: memcg)
    tree.statistics.note(n)
  }

  /// Before a batch is put back the lists must be certain to find chunks for it.
  @inline(__always) func packListsIfNeeded() {
    if lists.isShortOfChunks(for: 64) { packLists() }
  }

  @inline(never) private func packLists() {
    var walk = tree.walk(below: MemcgTree.rootNumber)
    while let number = walk.next() {
      for list in 0..<ListIndex.count { lists.compact(tree.lruvec(number).list(list)) }
    }
  }
}
