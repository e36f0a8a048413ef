// SPDX-License-Identifier: Apache-2.0
// The slow path of the page allocator: no zone is above its low mark (reference 12 §12.1).
//
// kswapd is woken, and the request goes down to the min marks. Below them it reclaims itself, looks
// again, gives back what per-CPU lists hide, and looks once more. Who must not retry fails then;
// others go on as long as reclaim makes progress or could still free enough, sixteen rounds without
// progress at most. Then the OOM killer makes room, and all begins anew.

import Timeline
import UAPI

/// What is asked of the page allocator.
struct AllocationRequest {
  var order = 0
  var mobility: Mobility
  var gfp: GfpFlags

  /// Highest zone index that may be used.
  var classZone: Int { PageAllocator.classZone(mobility) }
}

extension Memory {
  /// 2^order frames, however long it takes.
  /// - Returns: 0 when the request must not retry, or the task that asks is dying.
  func allocateSlowly(_ request: AllocationRequest, _ thread: SimThread) async throws(Killed)
    -> UInt32
  {
    var fruitless = 0
    while true {
      let isWoken = wakeKswapd(
        order: request.order, highest: request.classZone, gfp: request.gfp)
      let reserve = Reserve(of: thread)
      var frame = take(request, reserve)
      if isWoken { try await thread.spend(profile.costs.kswapdWake) }
      if frame != 0 { return frame }
      guard request.gfp.contains(.directReclaim), !thread.isReclaiming else { return 0 }

      try await thread.giveWayIfDue()
      let task = thread as? SimTask
      if let task { beginStall(task) }
      defer { if let task { endStall(task) } }
      let progress = try await tryToFreePages(request, thread)
      if progress > 0 {
        frame = take(request, reserve)
        if frame == 0 {
          allocator.drainPerCPU()
          frame = take(request, reserve)
        }
      }
      if frame != 0 { return frame }
      if endReason != nil { throw Killed() }
      if request.gfp.contains(.noRetry) { return 0 }

      fruitless = progress > 0 ? 0 : fruitless + 1
      let again = fruitless <= profile.numbers.maxReclaimRetries && couldSucceed(request)
      try await thread.giveWayIfDue()
      if again { continue }

      frame = allocator.allocate(
        order: request.order, request.mobility, classZone: request.classZone
      ) { $0.watermarks.high }
      if frame != 0 { return frame }
      if reserve == .victim { return 0 }
      guard killGlobally(request, thread) else {
        try end("\(thread.name): out of memory, and nobody may be killed")
      }
      fruitless = 0
    }
  }

  /// How far below the marks a request may go.
  private enum Reserve {
    case none, victim, everything

    init(of thread: SimThread) {
      if thread.isReclaiming {
        self = .everything
      } else if let task = thread as? SimTask, task.isDying {
        self = .victim
      } else {
        self = .none
      }
    }
  }

  private func take(_ request: AllocationRequest, _ reserve: Reserve) -> UInt32 {
    allocator.allocate(
      order: request.order, request.mobility, classZone: request.classZone
    ) { zone in
      switch reserve {
      case .none: zone.watermarks.min
      case .victim: zone.watermarks.min / 2
      case .everything: -zone.managed
      }
    }
  }

  /// Whether some zone would be above its min mark if all that could be reclaimed were
  /// (should_reclaim_retry, reference 12 §12.3).
  private func couldSucceed(_ request: AllocationRequest) -> Bool {
    node.zones(upTo: request.classZone).contains { zone in
      reclaimable(in: zone) + zone.free
        > zone.watermarks.min + zone.boost + zone.protection[request.classZone]
    }
  }

  /// zone_reclaimable_pages: file pages of a zone, and anonymous ones where swap is free; its free
  /// pages where that is nothing.
  private func reclaimable(in zone: Zone) -> Int {
    let hasSwap = (swap?.area.free ?? 0) > 0
    var pages = 0
    for memcg in tree.all {
      for list in 0..<4 where ListIndex.isFile(list) || hasSwap {
        lists.forEach(of: tree.lruvec(memcg.number).list(list)) { frame in
          if zone.contains(frame) { pages += 1 }
        }
      }
    }
    return pages == 0 ? zone.free : pages
  }

  // MARK: for whom it is done

  /// A frame for who must not wait (GFP_NOWAIT): kswapd is woken where none is above its low mark.
  func allocateWithoutWaiting(_ mobility: Mobility) -> UInt32 {
    let frame = allocator.allocate(order: 0, mobility)
    if frame != 0 { return frame }
    let request = AllocationRequest(mobility: mobility, gfp: .noWait)
    wakeKswapd(order: 0, highest: request.classZone, gfp: request.gfp)
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
