// SPDX-License-Identifier: Apache-2.0
// Reading swapped pages with their neighbours on the device, into the swap cache: shared memory and
// MADV_WILLNEED, on devices of every kind (reference 22 §22.5, 26 §26.8).
//
// A page of shared memory that is read back returns to its file; the swap slot is free at once, and
// the page dirty, since nothing else holds its data any more.

import Timeline
import UAPI

extension Memory {
  /// A fault on a page of shared memory that lies in swap.
  /// - Returns: false when there was no memory for it.
  func swapInShmem(_ file: FileMapping, _ index: Int, _ task: SimTask) async throws(Killed) -> Bool
  {
    guard let swap else { preconditionFailure("a swap entry without swap") }
    let offset = cache.slots[file.base + index].swapOffset
    let slot = swap.area.slots + Int(offset)
    if slot.pointee.content.folio == 0 {
      countFault(.pgmajfault, .pgmajfault, task.memcg)
      guard try await readCluster(around: offset, task) else { return false }
    } else {
      noteClusterHit(slot.pointee.content.folio)
    }
    let frame = slot.pointee.content.folio
    if frame == 0 { return true }
    let row = frames.rows + Int(frame)
    // Who waits for its data may find it gone afterwards: then the fault looks again.
    while slot.pointee.content.folio == frame, row.pointee.flags.hasAny(.locked, .writeback) {
      if row.pointee.flags.contains(.locked) {
        try await swap.device!.waitForRead(task.fiber)
      } else {
        try await swap.device!.waitForWrite(task.fiber)
      }
    }
    guard slot.pointee.content.folio == frame else { return true }
    cache.swapInShmem(file, index, frame)
    slot.pointee.references -= 1
    leaveSwapCache(frame, keeping: .empty)
    row.pointee.link = 0
    row.pointee.flags.insert(.dirty)
    try await task.spend(profile.costs.swapCacheHit)
    return true
  }

  /// Pages of a range that lie in swap are read into the swap cache; nobody waits for them.
  func readSwapped(_ area: Area, _ range: Range<Int>, _ task: SimTask) async throws(Killed) {
    for index in range {
      guard let offset = swapOffset(area, index),
        swap!.area.slots[Int(offset)].content.folio == 0
      else { continue }
      if try await !readCluster(around: offset, task) { return }
    }
  }

  /// Where in swap a page of an area lies; nil where it does not.
  private func swapOffset(_ area: Area, _ index: Int) -> UInt32? {
    if case .shmem(let file) = area.kind {
      let slot = cache.slots[file.base + index]
      return slot.isShadow ? slot.swapOffset : nil
    }
    let entry = entries[area.base + index]
    return entry.isSwap ? entry.swapOffset : nil
  }

  /// Reads the slots of the aligned window around one that are in use and not cached.
  /// - Returns: false when there was no memory for the page itself; a neighbour may be left out.
  private func readCluster(around target: UInt32, _ task: SimTask) async throws(Killed) -> Bool {
    let swap = swap!
    var found = true
    swap.device?.plug()
    let window = swap.clusterReadahead.window(
      at: Int(target), max: 1 << pageCluster, total: swap.total)
    for offset in window {
      let slot = swap.area.slots[offset]
      guard slot.references > 0, slot.content.folio == 0 else { continue }
      let isRead = try await readIntoCache(
        UInt32(offset), ahead: offset != Int(target), swap.device, task)
      if offset == Int(target) { found = isRead }
    }
    swap.device?.unplug()
    batches.drain()
    return found
  }

  /// A page that was read ahead is wanted: the next window may be larger.
  private func noteClusterHit(_ frame: UInt32) {
    let row = frames.rows + Int(frame)
    guard row.pointee.flags.contains(.readahead), !row.pointee.flags.contains(.writeback) else {
      return
    }
    row.pointee.flags.remove(.readahead)
    node.counters.add(1, to: .swap_ra_hit)
    swap!.clusterReadahead.hits += 1
  }
}
