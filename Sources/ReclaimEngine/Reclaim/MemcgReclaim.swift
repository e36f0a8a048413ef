// SPDX-License-Identifier: Apache-2.0
// Reclaim inside one cgroup: because its limit was hit, or because somebody asked (reference 02, 01
// §1.7, 28 §28.1).
//
// try_to_free_mem_cgroup_pages is do_try_to_free_pages with a target: priorities 12 to 0, each
// twice the share of the lists, until enough is freed; a fruitless cycle is repeated once with
// deactivation forced, and once more with memory.low broken.

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

  /// do_try_to_free_pages, of a cgroup or of the machine (reference 02 §2.2).
  func doTryToFreePages(_ control: inout ScanControl) async throws(Killed) {
    while true {
      control.priority = profile.numbers.defaultPriority
      if control.isGlobal { node.counters.add(1, to: Self.stall(control.highestZone)) }
      while control.priority >= 0 {
        control.scanned = 0
        notePriority(control)
        try await shrinkNode(&control)
        if control.reclaimed >= control.toReclaim { break }
        control.priority -= 1
      }
      control.priority = max(control.priority, 0)
      snapshotRefaults(control.target)
      if control.reclaimed > 0 { return }
      if control.skippedDeactivate {
        control.forceDeactivate = true
        control.skippedDeactivate = false
      } else if control.skippedLow {
        control.forceDeactivate = false
        control.reclaimsLow = true
        control.skippedLow = false
      } else {
        return
      }
    }
  }

  /// Remembers which activations by refault this cycle has seen, as far as they were published
  /// (reference 04 §4.7).
  func snapshotRefaults(_ target: MemCgroup) {
    let lruvec = tree.lruvec(target.number)
    lruvec.pointee.refaultsSeen = lruvec.pointee.publishedActivations
  }

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
