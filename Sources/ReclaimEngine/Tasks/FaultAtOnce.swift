// SPDX-License-Identifier: Apache-2.0
// A fault that need not wait: the first write to a page of anonymous memory, or a page that comes
// back from a synchronous device, where the charge finds room and the page table is there.
//
// Such faults are most of all, and an async function costs more than what they do. So they are
// tried here first, in the loop that touches page after page; only where the charge is refused,
// once in a batch of reclaim, does the fault go on where it may sleep.

import CMemory
import Timeline
import UAPI

extension Memory {
  enum FaultAtOnce {
    /// The page is mapped; the task has still to pay for it.
    case done(UInt64)
    /// The fault has begun; its charge was refused, or went above memory.high: `finishFault` goes
    /// on.
    case begun(charged: Bool)
    /// The fault has begun and is charged, and no zone gave a frame: `mapPage` goes on.
    case short
    /// Nothing has happened: `fault` knows what to do.
    case other
  }

  /// Makes the entry of a page of anonymous memory permit the access where that needs no waiting.
  @inline(__always) func faultAtOnce(
    _ area: Area, _ index: Int, write: Bool, _ task: SimTask
  ) -> FaultAtOnce {
    let entry = entries[area.base &+ index]
    // An entry that says something has a table that holds it.
    if entry.isNone, !task.space.hasTable(area, index) { return .other }
    if entry.isSwap {
      guard let slots = synchronousSlots else { return .other }
      let slot = slots + Int(entry.swapOffset)
      guard slot.pointee.content.folio == 0 else { return .other }
      beginFault(task)
      let payer = payer(of: slot, task)
      if stock.tryCharge(payer, 1) != 0 { return .begun(charged: false) }
      if stock.isOverHigh { return .begun(charged: true) }
      let frame = allocator.allocate(order: 0, .movable)
      if _slowPath(frame == 0) { return .short }
      return .done(finishSwapIn(area, index, frame, slot, payer, write: write, task))
    }
    guard write, entry.isNone || entry.isZeroPage, area.hasReverseMap else { return .other }
    beginFault(task)
    if stock.tryCharge(task.memcg, 1) != 0 { return .begun(charged: false) }
    if stock.isOverHigh { return .begun(charged: true) }
    let frame = allocator.allocate(order: 0, .movable)
    if _slowPath(frame == 0) { return .short }
    return .done(finishAnonymous(area, index, frame, task))
  }

  /// A fault that began at once: makes room for its charge where that was refused, answers for
  /// memory.high, and maps the page.
  /// - Returns: false when there was no memory for it.
  func finishFault(
    _ area: Area, _ index: Int, write: Bool, charged: Bool, _ task: SimTask
  ) async throws(Killed) -> Bool {
    let entry = entries[area.base + index]
    let slot = synchronousSlot(of: entry)
    let gfp: GfpFlags = slot == nil ? .kernel : .highUserMovable
    // Whose cgroup is removed while this one waits pays all the same: it has been charged.
    let payer = slot.map { self.payer(of: $0, task) } ?? task.memcg
    if charged {
      try await settleHigh(task, gfp)
    } else {
      guard try await charge(payer, 1, gfp, task) else { return false }
    }
    return try await mapPage(area, index, entry, payer, write: write, task)
  }

  /// The slot of an entry whose page is on a synchronous device.
  private func synchronousSlot(of entry: PageTableEntry) -> UnsafeMutablePointer<SwapSlot>? {
    entry.isSwap ? synchronousSlots.map { $0 + Int(entry.swapOffset) } : nil
  }

  /// A fault at once for which the fast path found no frame.
  /// - Returns: false when there was no memory for it.
  func mapCharged(
    _ area: Area, _ index: Int, write: Bool, _ task: SimTask
  ) async throws(Killed) -> Bool {
    let entry = entries[area.base + index]
    let slot = synchronousSlot(of: entry)
    let payer = slot.map { self.payer(of: $0, task) } ?? task.memcg
    return try await mapPage(area, index, entry, payer, write: write, task)
  }

  /// A fault that is charged to `payer`: finds a frame, by the slow path if need be, and maps it.
  /// - Parameter entry: what the fault found. If the OOM reaper has emptied it since, nothing is
  ///   mapped.
  /// - Returns: false when there was no memory for it.
  func mapPage(
    _ area: Area, _ index: Int, _ entry: PageTableEntry, _ payer: UInt16, write: Bool,
    _ task: SimTask
  ) async throws(Killed) -> Bool {
    let slot = synchronousSlot(of: entry)
    let gfp = slot == nil ? anonymousFlags : .highUserMovable
    let frame = try await allocate(.movable, gfp, task)
    if frame == 0 {
      stock.uncharge(payer, 1)
      return false
    }
    guard entries[area.base + index] == entry else {
      takeBack(frame, payer)
      return true
    }
    let cost =
      if let slot {
        finishSwapIn(area, index, frame, slot, payer, write: write, task)
      } else {
        finishAnonymous(area, index, frame, task)
      }
    try await task.spend(cost)
    return true
  }

  @inline(__always) func beginFault(_ task: SimTask) {
    countFault(.pgfault, .pgfault, task.memcg)
    task.unsettled.beginFault()
  }

  /// The first page of an entry, charged already; answers its cost.
  func finishAnonymous(_ area: Area, _ index: Int, _ frame: UInt32, _ task: SimTask) -> UInt64 {
    let memcg = task.memcg
    tree.statistics.note(1)
    enter(frame, area, index, memcg)
    entries[area.base + index] = PageTableEntry(frame: frame, writable: true, dirty: true)
    countAnonymous(1, memcg)
    task.unsettled.mappedAnonymous()
    return profile.costs.anonymousFault
  }

  /// A page that comes straight into its own folio, charged already; answers its cost.
  func finishSwapIn(
    _ area: Area, _ index: Int, _ frame: UInt32, _ slot: UnsafeMutablePointer<SwapSlot>,
    _ memcg: UInt16, write: Bool, _ task: SimTask
  ) -> UInt64 {
    tree.statistics.note(1)
    countFault(.pgmajfault, .pgmajfault, task.memcg)
    node.counters.add(1, to: .pswpin)
    let shadow = slot.pointee.content, isFilled = slot.pointee.isFilled
    let row = frames.rows + Int(frame)
    row.pointee = FrameRow(
      position: 0, slot: 0, link: 0, flags: [.anon, .swapBacked], memcg: memcg)
    if shadow.isShadow { workingset.refault(frame, Shadow(shadow), file: false) }
    noteSwapRead(row.pointee.flags, profile.costs.swapReadCopy, task)
    enter(frame, area, index, memcg, keeping: row.pointee.flags)
    let offset = entries[area.base + index].swapOffset
    swapSpace!._withUnsafeGuaranteedRef { $0.area.release(offset) }
    entries[area.base + index] =
      PageTableEntry(frame: frame, writable: write, dirty: write).filled(isFilled)
    countAnonymous(1, memcg)
    task.unsettled.swappedIn()
    return write ? profile.costs.swapInWrite : profile.costs.swapInRead
  }
}
