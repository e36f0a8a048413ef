// SPDX-License-Identifier: Apache-2.0
// An anonymous folio that nobody used goes to a device whose I/O is done by whoever submits it
// (reference 07 §7.1, 22 §22.3).
//
// It is in the swap cache for no longer than the step takes, so all that remains is its slot, the
// entry that names it, and what was counted. Such folios are most of what reclaim swaps out; the
// steps of Verdict.swift, which serve every device and every state, would count and uncount it a
// dozen times.

import UAPI

/// What a batch needs to swap folios out at once; nil where the device takes time, or memory of
/// the machine for what is written to it.
struct SwapOutAtOnce {
  let slots: UnsafeMutablePointer<SwapSlot>
  let space: Unmanaged<SwapSpace>
  let entries: UnsafeMutablePointer<PageTableEntry>
  /// Who keeps the event of each; nil where nobody does.
  let recorder: Tracer?

  private static let relevant: FolioFlags = [
    .anon, .swapBacked, .locked, .held, .writeback, .unevictable, .swapCache,
  ]
  private static let wanted: FolioFlags = [.anon, .swapBacked]

  /// Whether a folio with these flags that is mapped needs none of the other steps.
  @inline(__always) func serves(_ flags: FolioFlags, slot: Int) -> Bool {
    flags.rawValue & Self.relevant.rawValue == Self.wanted.rawValue && slot != 0
  }

  /// The folio's data is in its slot, which remembers the eviction and which the entry names.
  @inline(__always) func perform(
    _ row: UnsafeMutablePointer<FrameRow>, _ flags: FolioFlags, offset: UInt32, shadow: UInt64
  ) {
    let entry = entries + Int(row.pointee.slot), slot = slots + Int(offset)
    slot.pointee.content = Slot(raw: shadow | (flags.contains(.workingset) ? 2 : 0))
    slot.pointee.references = 1
    slot.pointee.stored = SwapSpace.wholePage
    slot.pointee.isFilled = entry.pointee.isFilled
    entry.pointee = PageTableEntry(swapOffset: offset)
    row.pointee.slot = 0
    row.pointee.link = 1
    row.pointee.flags = []
  }
}

extension Memory {
  /// How the swap area of this machine is written to at once.
  var swapOutAtOnce: SwapOutAtOnce? {
    guard let slots = synchronousSlots, let space = swapSpace, keepsSwapOutside else { return nil }
    return SwapOutAtOnce(
      slots: slots, space: space, entries: entries, recorder: tracer.isRecording ? tracer : nil)
  }

  /// The verdict on a mapped folio: kept or activated where it was used; swapped out where it was
  /// not, or activated where there is no slot for it.
  @inline(__always) func anonymousVerdict(
    _ row: UnsafeMutablePointer<FrameRow>, _ flags: FolioFlags, _ shadow: UInt64,
    _ purpose: ShrinkPurpose, _ swapOut: SwapOutAtOnce, _ tally: inout ShrinkTally
  ) -> Verdict {
    tally.processed &+= 1
    if takeReference(Int(row.pointee.slot), purpose.references) {
      row.pointee.flags = flags.union(.referenced)
      if flags.contains(.referenced) { return activate(row, &tally) }
      tally.referencedKept &+= 1
      return .keep
    }
    let memcg = row.pointee.memcg
    guard let offset = swapOut.space._withUnsafeGuaranteedRef({ $0.take(for: memcg) }) else {
      row.pointee.flags = flags.subtracting(.referenced)
      return activate(row, &tally)
    }
    if let recorder = swapOut.recorder {
      recorder.writeFolio(
        UInt32(truncatingIfNeeded: row - frames.rows), isFolio: profile.folios == .compound)
    }
    tree.accumulators?.addPassing(.swapcached, of: memcg)
    swapOut.perform(row, flags, offset: offset, shadow: shadow)
    tally.swappedAtOnce &+= 1
    return .free
  }

  /// Folios of a cgroup were swapped out at once: unmapped, written, gone from the swap cache that
  /// they were in meanwhile.
  func countSwappedOut(_ tally: inout ShrinkTally, _ owner: UInt16) {
    let n = tally.swappedAtOnce
    tally.pagedOut &+= n
    tally.unmapped &+= n
    node.counters.add(n, to: .nr_vmscan_write)
    node.counters.add(n, to: .pswpout)
    node.counters.add(n, to: .nr_written)
    node.counters.add(-n, to: .nr_anon_pages)
    tree.addOnes(-n, to: .anon, of: owner)
    // Into the swap cache and out of it, dirtied, unmapped, written, and written back.
    tree.statistics.noteOnes(6 * n)
  }
}
