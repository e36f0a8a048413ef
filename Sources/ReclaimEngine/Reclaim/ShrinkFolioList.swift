// SPDX-License-Identifier: Apache-2.0
// The hot loop: what happens to each folio of a batch (reference 07).
//
// The loop touches raw rows, never waits, and counts in locals. Steps that concern mapped, dirty or
// swap-backed folios join it with the mechanisms that make such folios; what is left is the life of
// a clean page of a file.

import UAPI

extension Memory {
  /// shrink_folio_list over the first `n` folios of `batch`: what is reclaimed goes to `freed`,
  /// survivors stay in `batch`, in order.
  /// - Parameters:
  ///   - owner: the cgroup of the lruvec they were isolated from.
  ///   - target: the cgroup whose clock the evictions advance.
  /// - Returns: how many survived.
  @inline(never) func shrinkFolioList(
    _ n: Int, _ owner: UInt16, _ target: UInt16, _ tally: inout ShrinkTally
  ) -> Int {
    let rows = frames.rows, slots = cache.slots, leaves = cache.leaves.rows
    let clockBefore = tree.lruvec(target).pointee.clock
    let readsAfter: UInt64 = profile.shadowClock == .afterEviction ? 1 : 0
    let batch = self.batch, freed = self.freed
    let shadowBase = Shadow(clock: 0, memcg: target, node: node.number, workingset: false).slot.raw
    var kept = 0, gone = 0, processed = 0
    var evicted: UInt64 = 0
    var k = 0
    while k < n {
      let frame = batch[k]
      k &+= 1
      let row = rows + Int(frame)
      var flags = row.pointee.flags
      if _slowPath(flags.contains(.locked)) {
        batch[kept] = frame
        kept &+= 1
        continue
      }
      processed &+= 1
      flags.remove(.referenced)
      if _slowPath(flags.hasAny(.held, .swapBacked) || row.pointee.slot == 0) {
        // A reference that cannot be frozen, or nothing to remove it from: kept.
        row.pointee.flags = flags
        batch[kept] = frame
        kept &+= 1
        continue
      }
      // Referenced once by a read alone does not save a clean page: it goes, and its slot remembers
      // it.
      let slot = Int(row.pointee.slot)
      let clock = clockBefore &+ UInt64(truncatingIfNeeded: gone) &+ readsAfter
      slots[slot] = Slot(
        raw: shadowBase | (clock & Shadow.clockMask) &<< 28
          | (flags.contains(.workingset) ? 2 : 0))
      let leaf = leaves + (slot &>> 6)
      if leaf.pointee.exists {
        let shadows = leaf.pointee.shadows &+ 1
        leaf.pointee.shadows = shadows
        if _slowPath(shadows == leaf.pointee.entries) {
          cache.list(UInt32(truncatingIfNeeded: slot &>> 6))
        }
      }
      evicted = (evicted ^ UInt64(truncatingIfNeeded: slot)) &* 0x9E37_79B9_7F4A_7C15
      row.pointee.flags = []
      freed[gone] = frame
      gone &+= 1
    }
    tally.processed = processed
    tally.reclaimed = gone
    tally.evicted = evicted
    if gone > 0 {
      workingset.age(target, by: gone)
      node.counters.add(-gone, to: .nr_file_pages)
      tree.add(-gone, to: .file, of: owner)
      tree.statistics.noteOnes(gone)
    }
    return kept
  }
}
