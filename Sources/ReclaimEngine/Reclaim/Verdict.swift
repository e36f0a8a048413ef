// SPDX-License-Identifier: Apache-2.0
// The decision tree of one folio that is mapped, anonymous, in swap, dirty or held (reference 07
// §7.1).
//
// The steps stand in the kernel's order. A folio that is reclaimed has left its mapping and its
// slot remembers it when `.free` is answered; the caller frees the frame.

import UAPI

enum Verdict {
  case keep, activate, free
  /// Freed like one, but nothing remembers it: no clock advances.
  case vanish
}

extension Memory {
  /// - Parameter shadow: what the slot of an evicted folio will hold, but for its workingset bit.
  func verdict(
    on frame: UInt32, shadow: UInt64, _ purpose: ShrinkPurpose, _ tally: inout ShrinkTally
  ) -> Verdict {
    let row = frames.rows + Int(frame)
    if row.pointee.flags.contains(.locked) { return .keep }
    tally.processed += 1
    if row.pointee.flags.hasAny(.unevictable, .orphaned) { return .keep }
    if row.pointee.flags.contains(.writeback) { return writebackVerdict(row, purpose, &tally) }

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
    if row.pointee.flags.contains(.swapBacked) {
      if row.pointee.slot != 0 { return sharedVerdict(frame, row, shadow, &tally) }
      // Of a program that was locked before its pages had left their list.
      row.pointee.flags.insert(.unevictable)
      return .keep
    }
    // Of the block device: its buffers are in use, and cannot be released.
    if row.pointee.slot == 0 { return activate(row, &tally) }
    if row.pointee.link != 0 { _ = unmapFile(frame) }
    evict(row, shadow, purpose.owner)
    return .free
  }

  /// A folio that is being written stays out of the way on the active list; when its data has
  /// arrived reclaim finds it at the tail of the inactive one. That kswapd meets it again while all
  /// it takes is like that says that it is faster than the device (reference 07 §7.3).
  private func writebackVerdict(
    _ row: UnsafeMutablePointer<FrameRow>, _ purpose: ShrinkPurpose, _ tally: inout ShrinkTally
  ) -> Verdict {
    if purpose.isKswapd, row.pointee.flags.contains(.reclaim), reclaimThrottle.isUnderWriteback {
      tally.immediate += 1
    } else {
      row.pointee.flags.insert(.reclaim)
      tally.writeback += 1
    }
    return activate(row, &tally)
  }

  @inline(__always) func activate(
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
    guard let swapSpace else { return activate(row, &tally) }
    if !row.pointee.flags.contains(.swapCache) {
      let taken = swapSpace._withUnsafeGuaranteedRef { $0.take(for: row.pointee.memcg) }
      guard let offset = taken else { return activate(row, &tally) }
      enterSwapCache(frame, offset)
      row.pointee.flags.insert(.dirty)
      tree.statistics.note(1)
    }
    let offset = row.pointee.link
    let slot = swapSpace._withUnsafeGuaranteedRef { $0.area.slots + Int(offset) }
    if row.pointee.slot != 0 {
      unmapAnonymous(row, slot)
      tally.unmapped += 1
    }
    if slot.pointee.references == 0 {
      // Nobody wants it back: gone without a trace.
      leaveSwapCache(frame, keeping: .empty)
      row.pointee.flags = []
      return .vanish
    }
    return finishSwapOut(frame, row, shadow, &tally)
  }

  /// Writes an unmapped folio of the swap cache where it is dirty, and frees it where its data has
  /// arrived.
  private func finishSwapOut(
    _ frame: UInt32, _ row: UnsafeMutablePointer<FrameRow>, _ shadow: UInt64,
    _ tally: inout ShrinkTally
  ) -> Verdict {
    let slot = swap!.area.slots + Int(row.pointee.link)
    if row.pointee.flags.contains(.dirty), !writeOut(frame, row, slot, &tally) { return .keep }
    leaveSwapCache(
      frame, keeping: Slot(raw: shadow | (row.pointee.flags.contains(.workingset) ? 2 : 0)))
    row.pointee.flags = []
    return .free
  }

  /// The entry that maps the folio names its swap slot from now on.
  private func unmapAnonymous(
    _ row: UnsafeMutablePointer<FrameRow>, _ slot: UnsafeMutablePointer<SwapSlot>
  ) {
    let entry = entries + Int(row.pointee.slot)
    if entry.pointee.isDirty { row.pointee.flags.insert(.dirty) }
    slot.pointee.isFilled = entry.pointee.isFilled
    entry.pointee = PageTableEntry(swapOffset: row.pointee.link)
    slot.pointee.references += 1
    row.pointee.slot = 0
    countAnonymous(-1, row.pointee.memcg)
  }

  /// pageout: the folio's data goes to its slot. True when it has arrived, as on a device whose I/O
  /// is done by whoever submits it.
  private func writeOut(
    _ frame: UInt32, _ row: UnsafeMutablePointer<FrameRow>,
    _ slot: UnsafeMutablePointer<SwapSlot>, _ tally: inout ShrinkTally
  ) -> Bool {
    node.counters.add(1, to: .nr_vmscan_write)
    node.counters.add(1, to: .pswpout)
    tracer.writeFolio(frame, isFolio: profile.folios == .compound)
    tally.pagedOut += 1
    row.pointee.flags.remove(.dirty)
    if !swapSpace!._withUnsafeGuaranteedRef({ $0.write(slot) }) {
      noteExhaustion("the swap device")
    }
    tree.statistics.note(1)
    if synchronousSlots != nil {
      node.counters.add(1, to: .nr_written)
      tree.statistics.note(1)
      return true
    }
    row.pointee.flags.formUnion([.writeback, .reclaim])
    node.counters.add(1, to: .nr_writeback)
    node.zone(of: frame).countWritePending(1)
    node.counters.add(4, to: .pgpgout)
    swap!.device!.submit(row.pointee.link, write: true)
    return false
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
    return .vanish
  }

  // MARK: shared anonymous memory

  /// An unreferenced folio of shmem: unmapped, then given a swap slot that takes its place in its
  /// file, and written. One that nobody ever wrote to holds zeros, as the hole does that it leaves.
  private func sharedVerdict(
    _ frame: UInt32, _ row: UnsafeMutablePointer<FrameRow>, _ shadow: UInt64,
    _ tally: inout ShrinkTally
  ) -> Verdict {
    let file = cache.file(ofSlot: Int(row.pointee.slot))
    let index = Int(row.pointee.slot) - file.base
    if row.pointee.link != 0 {
      if unmapFile(frame) { row.pointee.flags.insert(.dirty) }
      tally.unmapped += 1
    }
    guard row.pointee.flags.contains(.dirty) else {
      cache.drop(file, index)
      row.pointee.flags = []
      return .vanish
    }
    guard let swap, let offset = swap.take(for: row.pointee.memcg) else {
      return activate(row, &tally)
    }
    cache.swapOutShmem(frame, to: offset)
    enterSwapCache(frame, offset)
    swap.area.slots[Int(offset)].references = 1
    swap.area.slots[Int(offset)].isFilled = file.isFilled(index)
    tree.statistics.note(1)
    return finishSwapOut(frame, row, shadow, &tally)
  }
}
