// SPDX-License-Identifier: Apache-2.0
// Reclaim inside one cgroup: because its limit was hit, or because somebody asked (reference 02, 01
// §1.7, 28 §28.1).
//
// try_to_free_mem_cgroup_pages is do_try_to_free_pages (TryToFreePages.swift) with a target.

import Timeline
import UAPI

extension Memory {
  /// Reclaims at least `pages` (and never fewer than a batch) from a cgroup and its descendants.
  /// - Returns: pages freed; 0 when there was no progress.
  func reclaimMemcg(_ target: MemCgroup, pages: Int, gfp: GfpFlags, _ task: SimTask)
    async throws(Killed) -> Int
  {
    var control = ScanControl(
      target: target, gfp: Self.memcgFlags(gfp), task: task,
      toReclaim: max(pages, profile.numbers.swapClusterMax), swappiness: swappiness)
    task.isReclaiming = true
    task.slabReclaimed = 0
    defer { task.isReclaiming = false }
    tracer.memcgReclaimBegin(control.gfp, memcg: target.number)
    try await task.spend(profile.costs.reclaimBegin)
    try await doTryToFreePages(&control)
    try await task.spend(profile.costs.memcgReclaimEnd)
    tracer.memcgReclaimEnd(reclaimed: control.reclaimed)
    return control.reclaimed
  }

  /// Memcg reclaim may look everywhere and inherits only how the caller may wait and retry
  /// (reference 01 §1.3, rmask).
  static func memcgFlags(_ gfp: GfpFlags) -> GfpFlags {
    gfp.intersection(inheritedFlags).union(ownFlags)
  }

  private static let inheritedFlags: GfpFlags = [
    .reclaim, .io, .fs, .noWarn, .retryMayFail, .noFail, .noRetry, .noMemAlloc,
  ]
  private static let ownFlags = GfpFlags.highUserMovable.subtracting(inheritedFlags)

  /// Writes `pages` to memory.reclaim: asks for all that is left until it is reclaimed.
  /// - Returns: pages freed; nil (EAGAIN) after sixteen rounds without progress.
  func proactiveReclaim(_ target: MemCgroup, pages: Int, _ task: SimTask)
    async throws(Killed) -> Int?
  {
    var reclaimed = 0
    var retries = profile.numbers.maxReclaimRetries
    while reclaimed < pages {
      if task.isDying { return nil }
      if retries == 0 { batches.drain() }
      let now = try await reclaimMemcg(target, pages: pages - reclaimed, gfp: .kernel, task)
      if now == 0 {
        if retries == 0 { return nil }
        retries -= 1
      }
      reclaimed += now
    }
    return reclaimed
  }
}
