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
    case .max(let pages): try await enforceLimit(pages, \.max, of: cgroup, kills: true, task)
    case .high(let pages): try await enforceLimit(pages, \.high, of: cgroup, kills: false, task)
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

  /// Brings usage down to a limit that was just written: memory.max as long as anybody can be
  /// killed, memory.high as long as that makes progress.
  private func enforceLimit(
    _ limit: Pages?, _ file: KeyPath<MemcgRow, Int>, of cgroup: MemCgroup, kills: Bool,
    _ task: SimTask
  ) async throws(Killed) {
    let limit = MemcgRow.limit(limit), row = tree.rows + Int(cgroup.number)
    var drained = false
    // Who does not kill tries once more in place of it.
    var tries = profile.numbers.maxReclaimRetries + (kills ? 0 : 1)
    while row.pointee.usage > limit, !task.isDying, goesOn(row.pointee[keyPath: file] == limit) {
      if !drained {
        drainStocks(below: cgroup.number)
        drained = true
        continue
      }
      if tries > 0 {
        let excess = row.pointee.usage - limit
        if try await reclaimMemcg(cgroup, pages: excess, gfp: .kernel, task) == 0 { tries -= 1 }
        continue
      }
      guard kills, killInside(cgroup, pages: 1, gfp: .kernel, task) else { return }
      try await waitForVictim(task)
    }
  }

  /// A victim needs time to exit. A real writer asks the OOM killer again and again meanwhile, each
  /// time an `oom` event, as often as its CPU can; here it lets a tick pass, as an allocation does
  /// that finds the OOM killer busy (reference 12 §12.4).
  private func waitForVictim(_ task: SimTask) async throws(Killed) {
    setRunnable(false, task)
    try await task.fiber.sleep(Nanoseconds(profile.numbers.tick))
    setRunnable(true, task)
    try await task.acquireProcessor()
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
