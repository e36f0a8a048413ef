// SPDX-License-Identifier: Apache-2.0
// The hot loop: what happens to each folio of a batch (reference 07).
//
// The loop touches raw rows, never waits, and counts in locals. A clean page of a file that nobody
// maps is dealt with here; every other folio gets its verdict step by step in Verdict.swift.

import UAPI

/// On whose behalf a batch is shrunk.
struct ShrinkPurpose {
  /// The cgroup that the batch's folios are charged to.
  var owner: UInt16
  /// The cgroup whose clock the evictions advance: the target, the root when there is none.
  var clock: UInt16
  /// Whose tasks' accesses count; 0: everybody's.
  var references: UInt16
  /// Background reclaim, which alone may find that it is faster than a device.
  var isKswapd = false
}

extension Memory {
  /// shrink_folio_list over the first `n` folios of `batch`: what is reclaimed goes to `freed`,
  /// survivors stay in `batch`, in order.
  /// - Returns: how many survived.
  @inline(never) func shrinkFolioList(
    _ n: Int, _ purpose: ShrinkPurpose, _ tally: inout ShrinkTally
  ) -> Int {
    let rows = frames.rows, slots = cache.slots, leaves = cache.leaves.rows
    let clockBefore = tree.lruvec(purpose.clock).pointee.clock
    let readsAfter: UInt64 = profile.shadowClock == .afterEviction ? 1 : 0
    let batch = self.batch, freed = self.freed
    let shadowBase =
      Shadow(clock: 0, memcg: purpose.clock, node: node.number, workingset: false).slot.raw
    let special: FolioFlags = [
      .locked, .held, .swapBacked, .anon, .dirty, .writeback, .unevictable,
    ]
    var kept = 0, gone = 0, processed = 0, files = 0, remembered = 0
    var evicted: UInt64 = 0
    var k = 0
    while k < n {
      let frame = batch[k]
      k &+= 1
      let row = rows + Int(frame)
      let flags = row.pointee.flags
      let clock = clockBefore &+ UInt64(truncatingIfNeeded: remembered) &+ readsAfter
      let slot = Int(row.pointee.slot)
      if _slowPath(!flags.isDisjoint(with: special) || row.pointee.link != 0 || slot == 0) {
        let shadow = shadowBase | (clock & Shadow.clockMask) &<< 28
        switch verdict(on: frame, shadow: shadow, purpose, &tally) {
        case .free:
          evicted = Self.fold(evicted, slot)
          freed[gone] = frame
          gone &+= 1
          remembered &+= 1
        case .vanish:
          evicted = Self.fold(evicted, slot)
          freed[gone] = frame
          gone &+= 1
        case .keep, .activate:
          batch[kept] = frame
          kept &+= 1
        }
        continue
      }
      processed &+= 1
      // Referenced once by a read alone does not save a clean page: it goes, and its slot remembers
      // it.
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
      evicted = Self.fold(evicted, slot)
      row.pointee.flags = []
      freed[gone] = frame
      gone &+= 1
      remembered &+= 1
      files &+= 1
    }
    tally.processed &+= processed
    tally.reclaimed = gone
    tally.evicted = evicted
    if files > 0 { countEvicted(files, purpose.owner) }
    if remembered > 0 { workingset.age(purpose.clock, by: remembered) }
    return kept
  }

  @inline(__always) private static func fold(_ evicted: UInt64, _ slot: Int) -> UInt64 {
    (evicted ^ UInt64(truncatingIfNeeded: slot)) &* 0x9E37_79B9_7F4A_7C15
  }

  /// File pages that left the cache.
  func countEvicted(_ n: Int, _ owner: UInt16) {
    node.counters.add(-n, to: .nr_file_pages)
    tree.addOnes(-n, to: .file, of: owner)
    tree.statistics.noteOnes(n)
  }
}
