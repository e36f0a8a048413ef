// SPDX-License-Identifier: Apache-2.0
// A charge over the limit: reclaim inside the full cgroup until it fits (reference 13 §13.2).
//
// The order is the kernel's: reclaim, see whether there is room, drain the stocks once, and give up
// only after sixteen fruitless rounds. What comes after that is the OOM killer, which this kernel
// does not have yet: it ends the run by name.

import Timeline
import UAPI

extension Memory {
  /// Charges `n` pages to a cgroup, reclaiming inside whichever cgroup is full.
  /// - Returns: whether they are charged. A request that must not retry may be refused.
  func charge(_ memcg: UInt16, _ n: Int, _ gfp: GfpFlags, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    var retries = profile.numbers.maxReclaimRetries
    var drained = false, batched = true
    while true {
      let over = stock.tryCharge(memcg, n, batched: batched)
      if over == 0 { return true }
      batched = false
      guard gfp.contains(.directReclaim) else { return false }
      let full = tree.cgroup(over)
      full.count(.max)
      let reclaimed = try await reclaimMemcg(full, pages: n, gfp: gfp, task)
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
      try end(
        "memory cgroup '\(full.path)' is out of memory: the OOM killer is not built yet; "
          + "give it a larger memory.max")
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

  /// Charges a kernel object, reclaiming where the limit asks for it.
  func chargeObject(_ memcg: UInt16, _ size: Int, reclaimable: Bool, _ task: SimTask)
    async throws(Killed)
  {
    if objects.tryCharge(memcg, size, reclaimable: reclaimable) == 0 { return }
    if try await charge(memcg, ObjectCharges.pages(for: size), .kernelAccount, task) {
      objects.chargedSlowly(memcg, size, reclaimable: reclaimable)
    }
  }

  /// Writes memory.max: usage above it is reclaimed (reference 13 §13.4).
  func setMax(_ cgroup: MemCgroup, _ pages: Int, _ task: SimTask) async throws(Killed) {
    let row = tree.rows + Int(cgroup.number)
    row.pointee.max = pages
    var drained = false
    var budget = profile.numbers.maxReclaimRetries
    while row.pointee.usage > pages {
      if !drained {
        drainStocks(below: cgroup.number)
        drained = true
        continue
      }
      if budget > 0 {
        let excess = row.pointee.usage - pages
        if try await reclaimMemcg(cgroup, pages: excess, gfp: .kernel, task) == 0 { budget -= 1 }
        continue
      }
      cgroup.count(.oom)
      try end(
        "memory cgroup '\(cgroup.path)' cannot shrink to memory.max: "
          + "the OOM killer is not built yet")
    }
  }
}
