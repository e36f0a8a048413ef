// SPDX-License-Identifier: Apache-2.0
// A charge over the limit: reclaim inside the full cgroup until it fits (reference 13 §13.2).
//
// The order is the kernel's: reclaim, see whether there is room, drain the stocks once, and give up
// only after sixteen fruitless rounds. Then the OOM killer makes room, and all begins anew; a task
// that was killed itself gives up when it comes here a second time, and so does one for whom nobody
// may be killed.

import Timeline
import UAPI

extension Memory {
  /// Charges `n` pages that `tryCharge` could not, reclaiming inside whichever cgroup is full.
  /// - Returns: whether they are charged. A request that must not retry may be refused, and so may
  ///   a dying task, and one whose cgroup holds nobody who may be killed.
  func charge(_ memcg: UInt16, _ n: Int, _ gfp: GfpFlags, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    task.overHigh += stock.takeOverHigh()
    var retries = profile.numbers.maxReclaimRetries
    var drained = false
    var hasKilled = false
    var isFirst = true
    while true {
      // That the first try fails has been counted by whoever came here.
      let over = stock.retryCharge(memcg, n, counted: !isFirst)
      isFirst = false
      if over == 0 {
        if stock.isOverHigh { try await settleHigh(task, gfp) }
        return true
      }
      guard gfp.contains(.directReclaim) else { return false }
      let full = tree.cgroup(over)
      full.count(.max)
      let begun = timeline.now
      beginStall(task)
      let reclaimed = try await reclaimMemcg(full, pages: n, gfp: gfp, task)
      endStall(task)
      task.latencies.note(.directReclaim, (timeline.now - begun).count)
      if margin(over) >= n { continue }
      if !drained {
        drainStocks(below: over)
        drained = true
        continue
      }
      if gfp.contains(.noRetry) { return false }
      if reclaimed > 0, n <= 8 { continue }
      if retries > 0 {
        retries -= 1
        continue
      }
      if hasKilled, task.isDying { return false }
      guard killInside(full, pages: n, gfp: gfp, task) else { return false }
      hasKilled = true
      retries = profile.numbers.maxReclaimRetries
    }
  }

  /// Pages that may still be charged to a cgroup itself, its ancestors not asked.
  func margin(_ memcg: UInt16) -> Int {
    max(0, tree.rows[Int(memcg)].max - tree.rows[Int(memcg)].usage)
  }

  /// Gives back what CPUs hold in stock for the subtree: pages first, then objects.
  func drainStocks(below memcg: UInt16) {
    stock.drain(below: memcg)
    objects.drain(below: memcg)
  }

  /// Charges a kernel object, reclaiming where the limit asks for it. False: there is no room.
  func chargeObject(_ memcg: UInt16, _ size: Int, reclaimable: Bool, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    if objects.tryCharge(memcg, size, reclaimable: reclaimable) == 0 {
      if stock.isOverHigh { try await settleHigh(task, .kernelAccount) }
      return true
    }
    guard try await charge(memcg, ObjectCharges.pages(for: size), .kernelAccount, task) else {
      return false
    }
    objects.chargedSlowly(memcg, size, reclaimable: reclaimable)
    return true
  }

  /// Charges all of these objects, none of them reclaimable, or none.
  func chargeObjects(_ memcg: UInt16, _ sizes: [Int], _ task: SimTask) async throws(Killed) -> Bool
  {
    for (k, size) in sizes.enumerated() {
      if try await chargeObject(memcg, size, reclaimable: false, task) { continue }
      for charged in sizes.prefix(k) { objects.free(memcg, charged, reclaimable: false) }
      return false
    }
    return true
  }
}
