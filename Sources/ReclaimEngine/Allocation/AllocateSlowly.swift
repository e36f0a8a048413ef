// SPDX-License-Identifier: Apache-2.0
// The slow path of the page allocator: no zone is above its low mark (reference 12 §12.1).
//
// kswapd is woken, and the request goes down to the min marks. Below them it reclaims itself, looks
// again, gives back what per-CPU lists hide, and looks once more. Who must not retry fails then,
// and so does who wants a block larger than the kernel insists on; others go on as long as reclaim
// makes progress or could still free enough, sixteen rounds without progress at most. Then the OOM
// killer makes room, and all begins anew. Where a block is missing and not memory, the kernel would
// compact (Compaction.swift): before reclaim for the large and for what cannot be moved, after it
// for all.

import Timeline
import UAPI

extension Memory {
  /// 2^order frames, however long it takes.
  /// - Returns: 0 when the request may fail (NORETRY, RETRY_MAYFAIL, THISNODE, a large block) or
  ///   cannot reclaim, or the task that asks is dying.
  func allocateSlowly(_ request: AllocationRequest, _ thread: SimThread) async throws(Killed)
    -> UInt32
  {
    var fruitless = 0
    var isFirst = true
    while true {
      let isWoken = request.gfp.contains(.kswapdReclaim) && wakeKswapd(request)
      let reserve = Reserve(of: thread, for: request)
      let frame = take(request, reserve)
      if isWoken { try await thread.spend(profile.costs.kswapdWake) }
      if frame != 0 { return frame }
      guard request.gfp.contains(.directReclaim), !thread.isReclaiming else { return 0 }

      if isFirst, request.compactsFirst, reserve != .victim {
        try refuseCompaction(request, thread)
        // The answer was: skipped. Who does not insist is not worth reclaim.
        if request.isCostly, request.gfp.contains(.noRetry) { return 0 }
      }
      isFirst = false
      try await thread.giveWayIfDue()
      let (freed, progress) = try await reclaimDirectly(request, thread, reserve)
      if freed != 0 { return freed }
      if endReason != nil { throw Killed() }
      try refuseCompaction(request, thread)
      if request.gfp.contains(.noRetry) { return 0 }
      if request.isCostly, !request.gfp.contains(.retryMayFail) || !request.mayCompact { return 0 }
      let again = try await shouldRetryReclaim(
        request, progress: progress, fruitless: &fruitless, thread, minMark: reserve.mark)
      if again { continue }
      if progress > 0, shouldRetryCompaction(request) { continue }

      if let frame = try killForMemory(request, thread, reserve) { return frame }
      fruitless = 0
    }
  }

  /// may_oom (reference 12 §12.4): looks once more, as high as nobody should have to, and kills.
  /// - Returns: frames, 0 where the request fails, nil where all begins anew.
  private func killForMemory(_ request: AllocationRequest, _ thread: SimThread, _ reserve: Reserve)
    throws(Killed) -> UInt32?
  {
    let frame = allocator.allocate(
      order: request.order, request.mobility, classZone: request.classZone
    ) { $0.watermarks.high }
    if frame != 0 { return frame }
    let mayFail = request.gfp.contains(.retryMayFail) || request.gfp.contains(.thisNode)
    if request.isCostly || mayFail || request.classZone < PageAllocator.normalClass { return 0 }
    let isNeeded = request.gfp.contains(.noFail)
    if reserve == .victim, !isNeeded { return 0 }
    guard killGlobally(request, thread) else {
      try end("\(thread.name): out of memory, and nobody may be killed")
    }
    guard isNeeded else { return nil }
    let last = take(request, .everything)
    return last == 0 ? nil : last
  }

  @discardableResult
  func wakeKswapd(_ request: AllocationRequest) -> Bool {
    wakeKswapd(order: request.order, highest: request.classZone, gfp: request.gfp)
  }

  func take(_ request: AllocationRequest, _ reserve: Reserve) -> UInt32 {
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
}

/// How far below the marks a request may go (reference 23 §23.4).
enum Reserve: Equatable {
  case none, high, atomic, victim, everything

  /// The mark, to which a zone adds its boost: half, or three eighths, of both together.
  func mark(_ zone: Zone) -> Int {
    let whole = zone.watermarks.min + zone.boost
    return switch self {
    case .none: zone.watermarks.min
    case .high: whole - whole / 2 - zone.boost
    case .atomic: whole - whole / 2 - (whole - whole / 2) / 4 - zone.boost
    case .victim: whole / 2 - zone.boost
    case .everything: -zone.managed
    }
  }

  init(of thread: SimThread, for request: AllocationRequest) {
    if thread.isReclaiming, !request.gfp.contains(.noMemAlloc) {
      self = .everything
    } else if let task = thread as? SimTask, task.isDying {
      self = .victim
    } else if request.gfp.contains(.high) {
      self = request.gfp.contains(.directReclaim) ? .high : .atomic
    } else {
      self = .none
    }
  }
}
