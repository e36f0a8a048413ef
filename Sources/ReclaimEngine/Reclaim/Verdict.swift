// SPDX-License-Identifier: Apache-2.0
// The decision tree of one folio that is mapped, anonymous, in swap, dirty or held (reference 07
// §7.1).
//
// The steps stand in the kernel's order. A folio that is reclaimed has left its mapping and its
// slot remembers it when `.free` is answered; the caller frees the frame.

import UAPI

enum Verdict { case keep, activate, free }

extension Memory {
  /// - Parameter shadow: what the slot of an evicted folio will hold, but for its workingset bit.
  func verdict(
    on frame: UInt32, shadow: UInt64, _ purpose: ShrinkPurpose, _ tally: inout ShrinkTally
  ) -> Verdict {
    let row = frames.rows + Int(frame)
    if row.pointee.flags.contains(.locked) { return .keep }
    tally.processed += 1
    if row.pointee.flags.contains(.unevictable) { return .keep }
    if row.pointee.flags.contains(.writeback) {
      row.pointee.flags.insert(.reclaim)
      tally.writeback += 1
      return activate(row, &tally)
    }

    let references = referenced(frame, target: purpose.references)
    let wasReferenced = row.pointee.flags.contains(.referenced)
    row.pointee.flags.remove(.referenced)
    if references > 0 {
      row.pointee.flags.insert(.referenced)
      if wasReferenced || references > 1 { return activate(row, &tally) }
      tally.referencedKept += 1
      return .keep
    }
    if row.pointee.flags.contains(.held) { return .keep }
    if row.pointee.flags.contains(.anon) {
      return anonymousVerdict(frame, row, shadow, &tally)
    }
    if row.pointee.flags.contains(.swapBacked) || row.pointee.slot == 0 { return .keep }
    if row.pointee.link != 0 { _ = unmapFile(frame) }
    evict(row, shadow, purpose.owner)
    return .free
  }

  @inline(__always) private func activate(
    _ row: UnsafeMutablePointer<FrameRow>, _ tally: inout ShrinkTally
  ) -> Verdict {
    row.pointee.flags.insert(.active)
    if row.pointee.flags.contains(.swapBacked) {
      tally.activatedAnon += 1
    } else {
      tally.activatedFile += 1
    }
    return .activate
  }

  /// Takes a clean folio out of its file's cache.
  private func evict(_ row: UnsafeMutablePointer<FrameRow>, _ shadow: UInt64, _ owner: UInt16) {
    let slot = Int(row.pointee.slot)
    cache.slots[slot] = Slot(raw: shadow | (row.pointee.flags.contains(.workingset) ? 2 : 0))
    cache.becameShadow(slot)
    row.pointee.flags = []
    countEvicted(1, owner)
  }

  // MARK: anonymous folios

  private func anonymousVerdict(
    _ frame: UInt32, _ row: UnsafeMutablePointer<FrameRow>, _ shadow: UInt64,
    _ tally: inout ShrinkTally
  ) -> Verdict {
    if !row.pointee.flags.contains(.swapBacked) { return lazyVerdict(row, &tally) }
    guard let swap, let offset = swap.take(for: row.pointee.memcg) else {
      return activate(row, &tally)
    }
    // In the swap cache and dirty; then every entry that maps it names the slot.
    let slot = swap.area.slots + Int(offset)
    slot.pointee.content = Slot(folio: frame)
    slot.pointee.references = 1
    entries[Int(row.pointee.slot)] = PageTableEntry(swapOffset: offset)
    node.counters.add(-1, to: .nr_anon_pages)
    tree.add(-1, to: .anon, of: row.pointee.memcg)
    // Written at once: the device is synchronous, so the folio can go in the same pass.
    node.counters.add(1, to: .nr_vmscan_write)
    node.counters.add(1, to: .pswpout)
    node.counters.add(1, to: .nr_written)
    tally.pagedOut += 1
    slot.pointee.isWritten = true
    slot.pointee.content = Slot(raw: shadow | (row.pointee.flags.contains(.workingset) ? 2 : 0))
    // Swap charged, into and out of the swap cache, writeback begun and ended, unmapped.
    tree.statistics.noteOnes(6)
    row.pointee.flags = []
    return .free
  }

  /// A folio given up by MADV_FREE: dropped, unless it was written to since.
  private func lazyVerdict(
    _ row: UnsafeMutablePointer<FrameRow>, _ tally: inout ShrinkTally
  ) -> Verdict {
    let slot = Int(row.pointee.slot)
    if entries[slot].isDirty {
      row.pointee.flags.insert(.swapBacked)
      tally.unmapFailed += 1
      return activate(row, &tally)
    }
    entries[slot] = .none
    countAnonymous(-1, row.pointee.memcg)
    node.counters.add(1, to: .pglazyfreed)
    tree.add(1, to: .pglazyfreed, of: row.pointee.memcg)
    tree.statistics.note(1)
    row.pointee.flags = []
    return .free
  }
}
