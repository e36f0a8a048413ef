// SPDX-License-Identifier: Apache-2.0
// Shared anonymous memory in the page cache (reference 26 §26.8).
//
// Its pages are a file's, counted as such and as shmem, but swap-backed: they live on the anonymous
// lists and go to swap. A page that was swapped out leaves its file; the slot holds the swap entry,
// so the tree's node stays. When it is read back it returns to the file and its swap slot is free.

import UAPI

extension PageCache {
  /// Puts a new charged folio into its empty slot, whose nodes exist; it waits in the LRU-add
  /// batch.
  func insertShmem(_ file: FileMapping, _ index: Int, _ frame: UInt32, memcg: UInt16) {
    let slot = file.base + index
    precondition(slots[slot] == .empty, "a page of shmem where one is already")
    let leaf = leaves.rows + (slot >> 6)
    if leaf.pointee.exists { leaf.pointee.entries += 1 }
    file.entries += 1
    rows[Int(frame)] = FrameRow(
      position: 0, slot: UInt32(slot), link: 0, flags: .swapBacked, memcg: memcg)
    slots[slot] = Slot(folio: frame)
    countCached(1, memcg)
    batches.add(frame)
  }

  /// A folio has been given a swap slot and leaves its file for it. From now on it is like an
  /// anonymous one that nobody maps.
  func swapOutShmem(_ frame: UInt32, to offset: UInt32) {
    let row = rows + Int(frame)
    slots[Int(row.pointee.slot)] = Slot(swapOffset: offset)
    row.pointee.slot = 0
    row.pointee.flags.insert(.anon)
    countCached(-1, row.pointee.memcg)
  }

  /// A folio that was read back returns to the slot that named its swap slot.
  func swapInShmem(_ file: FileMapping, _ index: Int, _ frame: UInt32) {
    let row = rows + Int(frame)
    row.pointee.slot = UInt32(file.base + index)
    row.pointee.flags.remove(.anon)
    slots[file.base + index] = Slot(folio: frame)
    countCached(1, row.pointee.memcg)
  }

  private func countCached(_ n: Int, _ memcg: UInt16) {
    node.counters.add(n, to: .nr_file_pages)
    tree.add(n, to: .file, of: memcg)
    tree.statistics.note(1)
    countShmem(n, memcg)
  }

  func countShmem(_ n: Int, _ memcg: UInt16) {
    node.counters.add(n, to: .nr_shmem)
    tree.add(n, to: .shmem, of: memcg)
    tree.statistics.note(1)
  }
}
