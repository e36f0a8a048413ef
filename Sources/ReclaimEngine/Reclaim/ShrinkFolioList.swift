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
  /// What a folio must not be to be let go at once.
  private static let special =
    FolioFlags([.locked, .held, .swapBacked, .anon, .dirty, .writeback, .unevictable]).rawValue

  /// shrink_folio_list over the first `n` folios of `batch`: what is reclaimed goes to `freed`,
  /// survivors stay in `batch`, in order.
  /// - Returns: how many survived.
  @inline(never) func shrinkFolioList(
    _ n: Int, _ purpose: ShrinkPurpose, _ tally: inout ShrinkTally
  ) -> Int {
    let rows = frames.rows
    let clockBefore = tree.lruvec(purpose.clock).pointee.clock
    let readsAfter: UInt64 = profile.shadowClock == .afterEviction ? 1 : 0
    let batch = self.batch, freed = self.freed
    let shadowBase =
      Shadow(clock: 0, memcg: purpose.clock, node: node.number, workingset: false).slot.raw
    let swapOut = swapOutAtOnce
    var kept = 0, gone = 0, files = 0, remembered = 0
    var evicted: UInt64 = 0
    for k in 0..<n {
      let frame = batch[k]
      let row = rows + Int(frame)
      let flags = row.pointee.flags, slot = Int(row.pointee.slot)
      let clock = clockBefore &+ UInt64(truncatingIfNeeded: remembered) &+ readsAfter
      let shadow = shadowBase | (clock & Shadow.clockMask) &<< 28
      let verdict: Verdict
      if flags.rawValue & Self.special == 0, row.pointee.link == 0, slot != 0 {
        // Referenced once by a read alone does not save a clean page.
        evictClean(slot, Slot(raw: shadow | (flags.contains(.workingset) ? 2 : 0)))
        row.pointee.flags = []
        files &+= 1
        verdict = .free
      } else if let swapOut, swapOut.serves(flags, slot: slot) {
        verdict = anonymousVerdict(row, flags, shadow, purpose, swapOut, &tally)
      } else {
        verdict = self.verdict(on: frame, shadow: shadow, purpose, &tally)
      }
      switch verdict {
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
    }
    tally.processed &+= files
    tally.reclaimed = gone
    tally.evicted = evicted
    if files > 0 { countEvicted(files, purpose.owner) }
    if tally.swappedAtOnce > 0 { countSwappedOut(&tally, purpose.owner) }
    if remembered > 0 { workingset.age(purpose.clock, by: remembered) }
    return kept
  }

  /// A clean page of a file that nobody maps goes, and its slot remembers it.
  @inline(__always) private func evictClean(_ slot: Int, _ shadow: Slot) {
    cache.slots[slot] = shadow
    let leaf = cache.leaves.rows + (slot &>> 6)
    guard leaf.pointee.exists else { return }
    let shadows = leaf.pointee.shadows &+ 1
    leaf.pointee.shadows = shadows
    if _slowPath(shadows == leaf.pointee.entries) {
      cache.list(UInt32(truncatingIfNeeded: slot &>> 6))
    }
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
