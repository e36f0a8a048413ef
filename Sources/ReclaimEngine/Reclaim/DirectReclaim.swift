// SPDX-License-Identifier: Apache-2.0
// Direct reclaim: an allocation that found nothing frees pages itself (reference 02).
//
// The rounds are those of do_try_to_free_pages (TryToFreePages.swift), with the root as target and
// zones only as high as the request may use. Before it begins a task may have to wait for kswapd.

import Timeline
import UAPI

extension Memory {
  /// try_to_free_pages.
  /// - Returns: pages freed; 0 when there was no progress; 1 for a task that was killed while it
  ///   waited, which goes on to die, and where nothing is left to do but to compact.
  func tryToFreePages(_ request: AllocationRequest, _ thread: SimThread) async throws(Killed) -> Int
  {
    if try await throttleDirectReclaim(request.gfp, thread) { return 1 }
    var control = ScanControl(
      target: tree.root, reclaimer: .direct, gfp: request.gfp, task: thread,
      toReclaim: profile.numbers.swapClusterMax, swappiness: swappiness)
    control.order = request.order
    control.highestZone = request.classZone
    thread.isReclaiming = true
    thread.slabReclaimed = 0
    defer { thread.isReclaiming = false }
    tracer.directReclaimBegin(order: request.order, request.gfp)
    let begun = timeline.now
    try await thread.spend(profile.costs.reclaimBegin)
    try await doTryToFreePages(&control)
    (thread as? SimTask)?.latencies.note(.directReclaim, (timeline.now - begun).count)
    let answer = control.reclaimed == 0 && control.isReadyForCompaction ? 1 : control.reclaimed
    tracer.directReclaimEnd(reclaimed: answer)
    return answer
  }

  // MARK: the throttle that keeps a reserve for whoever writes out

  /// throttle_direct_reclaim: waits for kswapd while less than half of what the min marks keep is
  /// free (reference 02 §2.6). Who may not enter file systems waits a second at most; the others
  /// until they are killed.
  /// - Returns: whether the task was killed meanwhile.
  private func throttleDirectReclaim(_ gfp: GfpFlags, _ thread: SimThread)
    async throws(Killed) -> Bool
  {
    guard let task = thread as? SimTask, !task.isDying, !mayReclaimDirectly() else { return false }
    node.counters.add(1, to: .pgscan_direct_throttle)
    let begun = timeline.now
    let end = gfp.contains(.fs) ? nil : begun + .seconds(1)
    setRunnable(false, task)
    throttled.append(task)
    repeat {
      _ = try await task.sleep(atMost: end.map { $0 - timeline.now })
      if let end, timeline.now >= end { break }
    } while !task.isDying && !mayReclaimDirectly()
    throttled.removeAll { $0 === task }
    setRunnable(true, task)
    task.latencies.note(.throttled, (timeline.now - begun).count)
    return task.isDying
  }

  /// allow_direct_reclaim; where not, kswapd is to see to the zones that count.
  private func mayReclaimDirectly() -> Bool {
    if hasReserve { return true }
    kswapd.wakeForReserve(highest: PageAllocator.normalClass)
    return false
  }

  private var hasReserve: Bool {
    if kswapd.isHopeless { return true }
    let zones = node.zones.filter { $0.kind.rawValue <= PageAllocator.normalClass }
    // Zones that have their own share each have it together, whichever of them count.
    if zones.allSatisfy({ $0.free > ($0.watermarks.min + $0.boost) / 2 }) { return true }
    var reserve = 0, free = 0
    for (zone, pages) in zip(zones, reclaimablePages()) where pages > 0 {
      reserve += zone.watermarks.min + zone.boost
      free += zone.free
    }
    return reserve == 0 || free > reserve / 2
  }

  /// kswapd lets those go on who wait for it, where it may.
  func releaseThrottled(always: Bool) {
    guard !throttled.isEmpty, always || hasReserve else { return }
    for thread in throttled { thread.wake() }
  }

  /// A task was killed: it waits for nothing more.
  func releaseKilled(_ task: SimTask) {
    if throttled.contains(where: { $0 === task }) { task.wake() }
  }
}
