// SPDX-License-Identifier: Apache-2.0
// A fault on a swap entry (reference 22 §22.4).
//
// From a synchronous device a page used by one task alone comes straight into its own folio: no
// swap cache, no readahead, and the slot is free at once.

import Timeline
import UAPI

extension Memory {
  /// - Returns: false when there was no memory for it.
  func swapIn(_ area: Area, _ index: Int, write: Bool, _ task: SimTask) async throws(Killed) -> Bool
  {
    guard let swap else { preconditionFailure("a swap entry without swap") }
    let offset = entries[area.base + index].swapOffset
    let slot = swap.area.slots + Int(offset)
    let memcg = slot.pointee.memcg
    guard try await chargePage(memcg, gfp: .highUserMovable, task) else { return false }
    tree.statistics.note(1)
    countFault(.pgmajfault, .pgmajfault, task.memcg)
    node.counters.add(1, to: .pswpin)
    let frame = try allocate(.movable)
    let shadow = slot.pointee.content
    frames.rows[Int(frame)] = FrameRow(
      position: 0, slot: 0, link: 0, flags: [.anon, .swapBacked], memcg: memcg)
    if shadow.isShadow { workingset.refault(frame, Shadow(shadow), file: false) }
    let activated = frames.rows[Int(frame)].flags
    enter(frame, area, index, memcg, keeping: activated)
    swap.area.release(offset)
    entries[area.base + index] = PageTableEntry(frame: frame, writable: write, dirty: write)
    countAnonymous(1, memcg)
    task.unsettled.swappedIn()
    try await task.spend(write ? profile.costs.swapInWrite : profile.costs.swapInRead)
    return true
  }
}
