// SPDX-License-Identifier: Apache-2.0
// Writing a cgroup's limits: usage above a new limit is reclaimed by whoever writes it (reference
// 13 §§13.3, 13.4).
//
// memory.max insists, by killing if need be; memory.high gives up after sixteen fruitless rounds.
// Both empty the stocks of the subtree before they reclaim anything. Protections are numbers that
// the next walk reads.

import Timeline
import UAPI

extension Memory {
  /// Performs one write, whatever it takes.
  func write(_ setting: CgroupSetting, to cgroup: MemCgroup, _ task: SimTask) async throws(Killed) {
    store(setting, in: cgroup)
    switch setting {
    case .max(let pages): try await enforceMax(cgroup, MemcgRow.limit(pages), task)
    case .high(let pages): try await enforceHigh(cgroup, MemcgRow.limit(pages), task)
    case .min, .low, .swapMax, .swapHigh, .oomGroup: return
    }
  }

  /// What a file holds from now on.
  func store(_ setting: CgroupSetting, in cgroup: MemCgroup) {
    let row = tree.rows + Int(cgroup.number)
    switch setting {
    case .max(let pages): row.pointee.max = MemcgRow.limit(pages)
    case .high(let pages): row.pointee.high = MemcgRow.limit(pages)
    case .min(let pages):
      row.pointee.min = MemcgRow.limit(pages)
      tree.protectionChanged(cgroup.number)
    case .low(let pages):
      row.pointee.low = MemcgRow.limit(pages)
      tree.protectionChanged(cgroup.number)
    case .swapMax(let pages): row.pointee.swapMax = MemcgRow.limit(pages)
    case .swapHigh(let pages): row.pointee.swapHigh = MemcgRow.limit(pages)
    case .oomGroup(let whole): cgroup.killsWhole = whole
    }
  }

  /// Brings usage down to memory.max, as long as anybody can be killed.
  private func enforceMax(_ cgroup: MemCgroup, _ limit: Int, _ task: SimTask)
    async throws(Killed)
  {
    let row = tree.rows + Int(cgroup.number)
    var drained = false
    var budget = profile.numbers.maxReclaimRetries
    while row.pointee.usage > limit, !task.isDying, goesOn(row.pointee.max == limit) {
      if !drained {
        drainStocks(below: cgroup.number)
        drained = true
        continue
      }
      if budget > 0 {
        let excess = row.pointee.usage - limit
        if try await reclaimMemcg(cgroup, pages: excess, gfp: .kernel, task) == 0 { budget -= 1 }
        continue
      }
      guard killInside(cgroup, pages: 1, gfp: .kernel, task) else { return }
      // The victim needs the CPU to exit.
      try await task.spend(profile.costs.reclaimEnd)
    }
  }

  /// Reclaims down to memory.high while that makes progress.
  private func enforceHigh(_ cgroup: MemCgroup, _ limit: Int, _ task: SimTask)
    async throws(Killed)
  {
    let row = tree.rows + Int(cgroup.number)
    var drained = false
    var retries = profile.numbers.maxReclaimRetries
    while row.pointee.usage > limit, !task.isDying, goesOn(row.pointee.high == limit) {
      if !drained {
        drainStocks(below: cgroup.number)
        drained = true
        continue
      }
      let excess = row.pointee.usage - limit
      if try await reclaimMemcg(cgroup, pages: excess, gfp: .kernel, task) == 0 {
        if retries == 0 { return }
        retries -= 1
      }
    }
  }

  /// Whether a write goes on reclaiming.
  /// - Parameter isCurrent: nobody else has written another value meanwhile.
  private func goesOn(_ isCurrent: Bool) -> Bool {
    switch profile.limitWrite {
    case .toTheEnd: true
    case .whileCurrent: isCurrent
    }
  }
}
