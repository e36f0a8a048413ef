// SPDX-License-Identifier: Apache-2.0
// Between memory and swap: folios that a swap slot names (reference 22 §§22.3, 22.4).
//
// A folio in the swap cache carries the flag `swapCache` and its slot's offset in `link`; its
// slot's content names the folio. `slot` of the row is the entry that maps it, 0 while nothing
// does.

import UAPI

extension Memory {
  /// The folio joins the swap cache.
  func enterSwapCache(_ frame: UInt32, _ offset: UInt32) {
    let row = frames.rows + Int(frame)
    row.pointee.flags.insert(.swapCache)
    row.pointee.link = offset
    swapSpace!._withUnsafeGuaranteedRef { $0.area.slots[Int(offset)].content = Slot(folio: frame) }
    countSwapCached(1, row.pointee.memcg)
  }

  /// The folio leaves the swap cache; its slot keeps `content`, and is freed when nothing names it.
  func leaveSwapCache(_ frame: UInt32, keeping content: Slot) {
    let row = frames.rows + Int(frame)
    let offset = row.pointee.link
    row.pointee.flags.remove(.swapCache)
    row.pointee.link = 1
    swapSpace!._withUnsafeGuaranteedRef { swap in
      let slot = swap.area.slots + Int(offset)
      slot.pointee.content = content
      if slot.pointee.references == 0 { swap.area.freed(offset) }
    }
    countSwapCached(-1, row.pointee.memcg)
  }

  private func countSwapCached(_ n: Int, _ memcg: UInt16) {
    node.counters.add(n, to: .nr_swapcached)
    node.counters.add(n, to: .nr_file_pages)
    tree.add(n, to: .swapcached, of: memcg)
    tree.statistics.note(1)
  }

  /// A swap entry is gone. The slot goes with its last reference; a folio that only it kept is
  /// dropped unless it is busy.
  func releaseSwap(_ offset: UInt32) {
    guard let swapSpace, let swapSlots else { return }
    let slot = swapSlots + Int(offset), frame = slot.pointee.content.folio
    swapSpace._withUnsafeGuaranteedRef { $0.area.release(offset) }
    guard frame != 0, slot.pointee.references == 0 else { return }
    let row = frames.rows[Int(frame)]
    guard !row.flags.hasAny(.writeback, .locked), !row.flags.contains(.inAddBatch) else { return }
    leaveSwapCache(frame, keeping: .empty)
    if leaveList(frame) { freeLater(frame, row.memcg) }
  }

  /// A request of the swap device is done: what was read is there, what was written is clean, and
  /// reclaim finds it at the tail of its list. While its request is under way a folio stays in the
  /// swap cache: its slot names it.
  func swapRequestFinished(_ request: BlockDevice.Request) {
    for page in request.pages {
      let frame = swap!.area.slots[Int(page)].content.folio
      let row = frames.rows + Int(frame)
      if !request.isWrite {
        row.pointee.flags.remove(.locked)
        continue
      }
      row.pointee.flags.remove(.writeback)
      node.counters.add(-1, to: .nr_writeback)
      node.zone(of: frame).countWritePending(-1)
      node.counters.add(1, to: .nr_written)
      if reclaimThrottle.noteWritten() { node.counters.add(1, to: .nr_throttled_written) }
      tree.statistics.note(1)
      if row.pointee.flags.contains(.reclaim) {
        row.pointee.flags.remove(.reclaim)
        // One that is off its list just now is not found again at the tail.
        if row.pointee.flags.contains(.lru) { batches.rotate(frame) }
      }
    }
  }
}
