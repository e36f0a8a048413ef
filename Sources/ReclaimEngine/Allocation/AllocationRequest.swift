// SPDX-License-Identifier: Apache-2.0
// What is asked of the page allocator, and for whom: a page of a task, a slab, a block that a
// scenario wants. Each tries the fast path, which cannot sleep, and then the slow one.

import Timeline
import UAPI

struct AllocationRequest {
  var order = 0
  var mobility: Mobility
  var gfp: GfpFlags

  /// Beyond this order the kernel does not insist (PAGE_ALLOC_COSTLY_ORDER).
  private static let costlyOrder = 3

  static func isCostly(_ order: Int) -> Bool { order > costlyOrder }

  /// Highest zone index that may be used: user pages any, kernel pages up to Normal.
  var classZone: Int {
    if gfp.contains(.dma32) { return PageAllocator.dma32Class }
    return mobility == .movable && gfp.contains(.highmem)
      ? PageAllocator.movableClass : PageAllocator.normalClass
  }

  var isCostly: Bool { Self.isCostly(order) }

  /// Whether others' pages may be moved for it (gfp_compaction_allowed).
  var mayCompact: Bool { order > 0 && gfp.contains(.io) }
}

extension AllocationRequest {
  /// Mobility goes by the flags.
  init(order: Int, gfp: GfpFlags) {
    let mobility: Mobility =
      gfp.contains(.movable) ? .movable : gfp.contains(.reclaimable) ? .reclaimable : .unmovable
    self.init(order: order, mobility: mobility, gfp: gfp)
  }
}

extension Memory {
  /// 2^order frames for the kernel's own use; 0 where there are none for such a request.
  func allocate(_ request: AllocationRequest, _ thread: SimThread) async throws(Killed) -> UInt32 {
    let frame = allocator.allocate(request)
    if frame != 0 { return frame }
    return try await allocateSlowly(request, thread)
  }

  /// A frame for who must not wait (GFP_NOWAIT): kswapd is woken where none is above its low mark.
  func allocateWithoutWaiting(_ mobility: Mobility) -> UInt32 {
    let frame = allocator.allocate(order: 0, mobility)
    if frame != 0 { return frame }
    let request = AllocationRequest(mobility: mobility, gfp: .noWait)
    wakeKswapd(request)
    return take(request, .none)
  }

  /// A frame, by the slow path where the fast one finds none. 0: there is no memory for it.
  @inline(__always) func allocate(_ mobility: Mobility, _ gfp: GfpFlags, _ task: SimTask)
    async throws(Killed) -> UInt32
  {
    let frame = allocator.allocate(order: 0, mobility)
    if _slowPath(frame == 0) {
      return try await allocateSlowly(AllocationRequest(mobility: mobility, gfp: gfp), task)
    }
    return frame
  }

  /// Another slab of that kind. False: there is no memory for it.
  func growSlab(_ kind: SlabKind, _ gfp: GfpFlags, _ thread: SimThread) async throws(Killed) -> Bool
  {
    let request = AllocationRequest(
      order: slabs.order(kind), mobility: slabs.mobility(kind), gfp: gfp)
    let slab = try await allocateSlowly(request, thread)
    if slab != 0 { slabs.adopt(slab, kind) }
    return slab != 0
  }

  /// Takes an object, by the slow path where no slab has one.
  func takeObject(_ kind: SlabKind, _ task: SimTask) async throws(Killed) -> Bool {
    while !slabs.take(kind) {
      guard try await growSlab(kind, .kernelAccount, task) else { return false }
    }
    return true
  }
}
