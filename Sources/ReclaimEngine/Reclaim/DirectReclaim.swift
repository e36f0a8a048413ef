// SPDX-License-Identifier: Apache-2.0
// Direct reclaim: an allocation that found nothing frees pages itself (reference 02).
//
// The rounds are those of do_try_to_free_pages (MemcgReclaim.swift), with the root as target and
// zones only as high as the request may use. It counts as a stall once in every cycle.

import Timeline
import UAPI

extension Memory {
  /// try_to_free_pages.
  /// - Returns: pages freed; 0 when there was no progress.
  func tryToFreePages(_ request: AllocationRequest, _ thread: SimThread) async throws(Killed) -> Int
  {
    try await throttleDirectReclaim(thread)
    var control = ScanControl(
      target: tree.root, reclaimer: .direct, gfp: request.gfp, task: thread,
      toReclaim: profile.numbers.swapClusterMax, swappiness: swappiness)
    control.highestZone = request.classZone
    thread.isReclaiming = true
    thread.slabReclaimed = 0
    defer { thread.isReclaiming = false }
    tracer.directReclaimBegin(order: request.order, request.gfp)
    let begun = timeline.now
    try await thread.spend(profile.costs.reclaimBegin)
    try await doTryToFreePages(&control)
    (thread as? SimTask)?.latencies.note(.directReclaim, (timeline.now - begun).count)
    tracer.directReclaimEnd(reclaimed: control.reclaimed)
    return control.reclaimed
  }

  /// The counter of a stall: by the highest zone that the request may use.
  static func stall(_ highest: Int) -> VmCounter {
    switch highest {
    case 0: .allocstall_dma
    case 1: .allocstall_dma32
    case 2: .allocstall_normal
    default: .allocstall_movable
    }
  }

  // MARK: the throttle that keeps a reserve for whoever writes out

  /// throttle_direct_reclaim: waits for kswapd while less than half of what the min marks keep is
  /// free (reference 02 §2.6).
  private func throttleDirectReclaim(_ thread: SimThread) async throws(Killed) {
    if mayReclaimDirectly { return }
    node.counters.add(1, to: .pgscan_direct_throttle)
    let begun = timeline.now
    while !mayReclaimDirectly {
      wakeKswapd(order: 0, highest: PageAllocator.normalClass, gfp: .kernel)
      throttled.append(thread)
      _ = try await thread.sleep(atMost: .seconds(1))
      throttled.removeAll { $0 === thread }
    }
    (thread as? SimTask)?.latencies.note(.throttled, (timeline.now - begun).count)
  }

  /// allow_direct_reclaim.
  private var mayReclaimDirectly: Bool {
    if kswapd.isHopeless { return true }
    let zones = node.zones(upTo: PageAllocator.normalClass)
    let reserve = zones.reduce(0) { $0 + $1.watermarks.min + $1.boost }
    return zones.reduce(0) { $0 + $1.free } > reserve / 2
  }

  /// kswapd lets those go on who wait for it, where it may.
  func releaseThrottled(always: Bool) {
    guard !throttled.isEmpty, always || mayReclaimDirectly else { return }
    for thread in throttled { thread.wake() }
  }
}
