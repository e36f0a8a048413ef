// SPDX-License-Identifier: Apache-2.0
// Whether an allocation that direct reclaim did not help is worth another round
// (should_reclaim_retry, reference 12 §12.3).
//
// As long as reclaim makes progress, and for sixteen rounds without, it is: if some zone would be
// above its min mark once all that it could reclaim were free. For large blocks no progress counts.

import Timeline
import UAPI

extension Memory {
  /// - Parameters:
  ///   - fruitless: rounds without progress so far; this one's are counted.
  ///   - minMark: what the min mark is to this request.
  func shouldRetryReclaim(
    _ request: AllocationRequest, progress: Int, fruitless: inout Int, _ thread: SimThread,
    minMark: (Zone) -> Int
  ) async throws(Killed) -> Bool {
    fruitless = progress > 0 && !request.isCostly ? 0 : fruitless + 1
    if fruitless > profile.numbers.maxReclaimRetries { return false }
    let reclaimable = reclaimablePages()
    var found = false
    for (zone, pages) in zip(node.zones, reclaimable).reversed()
    where zone.kind.rawValue <= request.classZone {
      found = wouldSuffice(zone, pages, request, fruitless, minMark)
      guard found else { continue }
      let waits = progress == 0 && 2 * zone.writePending > pages
      if profile.reclaimWait == .congestion, waits {
        try await waitForCongestion(thread)
        return true
      }
      break
    }
    try await thread.giveWayIfDue()
    return found
  }

  /// Whether a zone would be above the request's mark with all that it could reclaim.
  private func wouldSuffice(
    _ zone: Zone, _ reclaimable: Int, _ request: AllocationRequest, _ fruitless: Int,
    _ minMark: (Zone) -> Int
  ) -> Bool {
    let available = reclaimable + zone.free
    let passes = zone.isAbove(
      minMark(zone), order: request.order, classZone: request.classZone, free: available)
    tracer.reclaimRetryZone(
      RetryZone(
        node: node.number, zone: zone.kind.name, order: request.order,
        reclaimable: reclaimable, available: available,
        minWatermark: zone.watermarks.min + zone.boost, fruitless: fruitless, passes: passes))
    return passes
  }

  /// zone_reclaimable_pages of each zone: file pages, and anonymous ones where swap is free.
  func reclaimablePages() -> [Int] {
    let hasSwap = (swap?.area.free ?? 0) > 0
    var pages = node.zones.map { _ in 0 }
    for memcg in tree.all {
      for list in 0..<4 where ListIndex.isFile(list) || hasSwap {
        lists.forEach(of: tree.lruvec(memcg.number).list(list)) { frame in
          for k in node.zones.indices where node.zones[k].contains(frame) { pages[k] += 1 }
        }
      }
    }
    guard profile.zoneReclaimable == .freeWhereNone else { return pages }
    return zip(node.zones, pages).map { $1 == 0 ? $0.free : $1 }
  }
}
