// SPDX-License-Identifier: Apache-2.0
// A fault on a swap entry (reference 22 §22.4).
//
// From a synchronous device a page used by one task alone comes straight into its own folio: no
// swap cache, no readahead, and the slot is free at once. From a timed device it is read into the
// swap cache with its neighbours, and the task waits for it.

import Timeline
import UAPI

extension Memory {
  /// - Returns: false when there was no memory for it.
  func swapIn(_ area: Area, _ index: Int, write: Bool, _ task: SimTask) async throws(Killed) -> Bool
  {
    guard let swap else { preconditionFailure("a swap entry without swap") }
    let entry = entries[area.base + index], offset = entry.swapOffset
    if swap.area.slots[Int(offset)].content.folio != 0 {
      try await mapCached(area, index, offset, write: write, task)
      return true
    }
    guard let device = swap.device else {
      let slot = swap.area.slots + Int(offset)
      let payer = payer(of: slot, task)
      guard try await chargePage(payer, gfp: .highUserMovable, task) else { return false }
      return try await mapPage(area, index, entry, payer, write: write, task)
    }
    guard try await readAround(area, index, device, task) else { return false }
    countFault(.pgmajfault, .pgmajfault, task.memcg)
    try await mapCached(area, index, offset, write: write, task)
    return true
  }

  /// Whose page it becomes: the cgroup's that swapped it out, or, where that has been removed, the
  /// task's.
  @inline(__always) func payer(of slot: UnsafeMutablePointer<SwapSlot>, _ task: SimTask) -> UInt16 {
    tree.rows[Int(slot.pointee.memcg)].isOffline ? task.memcg : slot.pointee.memcg
  }

  // MARK: timed devices

  /// Reads the missing pages of the window around a fault into the swap cache.
  /// - Returns: false when there was no memory for the page that is missed; one of its neighbours
  ///   may be left out.
  private func readAround(_ area: Area, _ index: Int, _ device: BlockDevice, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    var found = true
    let table = AddressSpace.pagesPerTable
    let first = (area.start + index) / table * table - area.start
    let window = SwapReadahead.window(
      at: index, &area.swapReadahead, max: 1 << pageCluster,
      bounds: max(first, 0)..<min(first + table, area.pages))
    device.plug()
    for page in window {
      let entry = entries[area.base + page]
      guard entry.isSwap, swap!.area.slots[Int(entry.swapOffset)].content.folio == 0 else {
        continue
      }
      let isRead = try await readIntoCache(entry.swapOffset, ahead: page != index, device, task)
      if page == index { found = isRead }
    }
    device.unplug()
    batches.drain()
    return found
  }

  /// Reads one slot into the swap cache.
  /// - Parameter device: where the data arrives later; nil where it is there at once.
  /// - Returns: false when there was no memory for it.
  func readIntoCache(
    _ offset: UInt32, ahead: Bool, _ device: BlockDevice?, _ task: SimTask
  ) async throws(Killed) -> Bool {
    let slot = swap!.area.slots + Int(offset)
    let memcg = payer(of: slot, task)
    guard try await chargePage(memcg, gfp: .highUserMovable, task) else { return false }
    tree.statistics.note(1)
    let frame = try await allocate(.movable, .highUserMovable, task)
    if frame == 0 {
      stock.uncharge(memcg, 1)
      return false
    }
    guard slot.pointee.references > 0, slot.pointee.content.folio == 0 else {
      // Another task read it, or freed it, while this one waited.
      takeBack(frame, memcg)
      return true
    }
    let shadow = slot.pointee.content
    frames.rows[Int(frame)] = FrameRow(
      position: 0, slot: 0, link: 0, flags: [.anon, .swapBacked], memcg: memcg)
    if device != nil { frames.rows[Int(frame)].flags.insert(.locked) }
    enterSwapCache(frame, offset)
    if shadow.isShadow { workingset.refault(frame, Shadow(shadow), file: false) }
    switch profile.swapCacheRead {
    case .marksWorkingset: frames.rows[Int(frame)].flags.insert(.workingset)
    case .marksNothing: break
    }
    if ahead {
      frames.rows[Int(frame)].flags.insert(.readahead)
      node.counters.add(1, to: .swap_ra)
    }
    batches.add(frame)
    node.counters.add(1, to: .pswpin)
    let costs = profile.costs
    noteSwapRead(
      frames.rows[Int(frame)].flags, device == nil ? costs.swapReadCopy : costs.swapReadHandOver,
      task)
    guard let device else {
      try await task.spend(profile.costs.swapInRead)
      return true
    }
    node.counters.add(4, to: .pgpgin)
    device.submit(offset, write: false)
    try await task.spend(profile.costs.swapReadSubmitted)
    return true
  }

  /// Maps a folio that is in the swap cache, once it has been read. Where it went away meanwhile
  /// the access faults again.
  private func mapCached(
    _ area: Area, _ index: Int, _ offset: UInt32, write: Bool, _ task: SimTask
  ) async throws(Killed) {
    let slot = swap!.area.slots + Int(offset)
    let frame = slot.pointee.content.folio
    if frame == 0 { return }
    let row = frames.rows + Int(frame)
    if row.pointee.flags.contains(.readahead), !row.pointee.flags.contains(.writeback) {
      row.pointee.flags.remove(.readahead)
      node.counters.add(1, to: .swap_ra_hit)
      area.swapReadahead.hits = min(area.swapReadahead.hits + 1, 63)
    }
    area.swapReadahead.last = index
    while slot.pointee.content.folio == frame, row.pointee.flags.contains(.locked) {
      let isWorkingset = row.pointee.flags.contains(.workingset)
      if isWorkingset { beginStall(task) }
      setRunnable(false, task)
      try await swap!.device!.waitForRead(task.fiber)
      setRunnable(true, task)
      if isWorkingset { endStall(task) }
    }
    guard slot.pointee.content.folio == frame, entries[area.base + index].isSwap else { return }
    if write, !row.pointee.flags.contains(.lru) { batches.drain() }
    let isFilled = slot.pointee.isFilled
    row.pointee.slot = UInt32(area.base + index)
    entries[area.base + index] =
      PageTableEntry(frame: frame, writable: write, dirty: write).filled(isFilled)
    countAnonymous(1, row.pointee.memcg)
    task.unsettled.swappedIn()
    slot.pointee.references -= 1
    if write || swap!.isFull(for: row.pointee.memcg) || area.isLocked(index),
      !row.pointee.flags.contains(.writeback)
    {
      leaveSwapCache(frame, keeping: .empty)
      row.pointee.flags.insert(.dirty)
    }
    try await task.spend(profile.costs.swapCacheHit)
  }
}
