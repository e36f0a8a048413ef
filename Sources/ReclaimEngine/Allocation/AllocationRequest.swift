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

      try refuseCompaction(request, thread)
      try await thread.giveWayIfDue()
      let (freed, progress) = try await reclaimDirectly(request, thread, reserve)
      if freed != 0 { return freed }
      if endReason != nil { throw Killed() }
      if request.gfp.contains(.noRetry) { return 0 }
      let again = try await shouldRetryReclaim(
        request, progress: progress, fruitless: &fruitless, thread, minMark: reserve.mark)
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

    /// The mark, to which a zone adds its boost: a victim goes down to half of both.
    func mark(_ zone: Zone) -> Int {
      switch self {
      case .none: zone.watermarks.min
      case .victim: (zone.watermarks.min + zone.boost) / 2 - zone.boost
      case .everything: -zone.managed
      }
    }

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
      order: request.order, request.mobility, classZone: request.classZone, above: reserve.mark)
  }

  /// Reclaims and looks again, once more after per-CPU lists have given back what they hide
  /// (reference 12 §12.2). The task is stalled by memory meanwhile; that 6.1 ends the stall after
  /// the second look and 5.10 before the first makes no difference, as looking takes no time.
  /// - Returns: frames, and whether reclaim made progress.
  private func reclaimDirectly(
    _ request: AllocationRequest, _ thread: SimThread, _ reserve: Reserve
  ) async throws(Killed) -> (frame: UInt32, progress: Int) {
    let task = thread as? SimTask
    if let task { beginStall(task) }
    defer { if let task { endStall(task) } }
    let progress = try await tryToFreePages(request, thread)
    if progress == 0 { return (0, 0) }
    var frame = take(request, reserve)
    if frame == 0 {
      allocator.drainPerCPU()
      frame = take(request, reserve)
    }
    return (frame, progress)
  }

  /// Where enough pages are free but no block of the wanted size is, a kernel compacts memory. This
  /// one cannot; no recording has ever needed it.
  private func refuseCompaction(_ request: AllocationRequest, _ thread: SimThread) throws(Killed) {
    guard request.order > 0 else { return }
    let highest = request.classZone
    if node.zones(upTo: highest).contains(where: { $0.couldCompact(order: request.order, highest) })
    {
      try end(
        "\(thread.name): a block of \(1 << request.order) pages needs direct compaction, which is "
          + "not built")
    }
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
