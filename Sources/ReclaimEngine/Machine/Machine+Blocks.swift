// SPDX-License-Identifier: Apache-2.0
// Blocks of page frames that a scenario takes and gives back in the kernel's stead, as a driver or
// a file system would: the allocator asked directly, with an order and flags.
//
// They are the kernel's: no task owns them, no cgroup pays, and no reclaim finds them. The calls
// themselves take no time, for no recording tells what they cost; what they cause takes its own.

import Timeline
import UAPI

extension Machine {
  func performOnBlock(_ operation: Operation, _ task: SimTask) async throws(Killed) -> Outcome {
    switch operation {
    case .allocatePages(let order, let gfp):
      guard 0..<BuddyAllocator.orders ~= order else { return .failed(.EINVAL) }
      let request = AllocationRequest(order: order, gfp: gfp)
      if let problem = request.unbuilt { return .unsupported(problem) }
      noteOperation(20, task, [UInt64(order), UInt64(gfp.rawValue)])
      let frame = try await memory.allocate(request, task)
      if frame == 0 { return .failed(.ENOMEM) }
      memory.own(frame, order)
      return .frame(Int(frame))
    case .freePages(let frame, let order):
      guard memory.disown(frame, order) else { return .failed(.EINVAL) }
      noteOperation(21, task, [word(frame), word(order)])
      return .done
    default:
      preconditionFailure("not an operation on a block")
    }
  }
}

extension AllocationRequest {
  /// What of it the kernels that are built lack; nil: nothing.
  fileprivate var unbuilt: String? {
    if gfp.contains(.account) {
      return "__GFP_ACCOUNT charges a cgroup, which is not built for blocks"
    }
    if gfp.contains(.write) { return "__GFP_WRITE asks for dirty limits, which are not built" }
    if order > 0, gfp.contains(.high) {
      return
        "__GFP_HIGH with an order keeps pageblocks in reserve (high-atomic), which is not built"
    }
    guard gfp.contains(.noFail) else { return nil }
    // What a kernel does otherwise it warns of beforehand, and the reference does not tell.
    let insists =
      gfp.contains(.directReclaim) && !isCostly
      && gfp.isDisjoint(with: [.noRetry, .retryMayFail, .thisNode, .dma32])
    return insists
      ? nil : "__GFP_NOFAIL is built for blocks of up to 8 pages, with GFP_NOIO or more, and alone"
  }
}

extension Memory {
  /// Marks the frames as the kernel's; the first knows that a block begins there, and its order.
  fileprivate func own(_ frame: UInt32, _ order: Int) {
    for k in 0..<(1 << order) {
      frames.rows[Int(frame) + k] = FrameRow(
        position: 0, slot: 0, link: 0, flags: .kernel, memcg: 0)
    }
    frames.rows[Int(frame)].position = UInt32(order + 1)
  }

  /// Gives the block back. False: none of that order begins there.
  fileprivate func disown(_ frame: Int, _ order: Int) -> Bool {
    guard frame > 0, frame < frames.count, 0..<BuddyAllocator.orders ~= order else { return false }
    let row = frames.rows[frame]
    guard row.flags == .kernel, Int(row.position) == order + 1 else { return false }
    for k in 0..<(1 << order) {
      frames.rows[frame + k] = FrameRow(position: 0, slot: 0, link: 0, flags: [], memcg: 0)
    }
    allocator.free(UInt32(frame), order: order)
    return true
  }
}
