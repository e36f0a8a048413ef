// SPDX-License-Identifier: Apache-2.0
// memory.high: who charges above it reclaims on the way back to user mode, and sleeps when that
// does not help (reference 13 §13.3, 28 §28.2).
//
// A charge above somebody's high succeeds; its pages are noted as the task's. Before the task
// leaves the kernel it reclaims that many from every ancestor that is above its high. What is still
// above earns a delay that grows with the square of the overage. A short delay is forgiven; a long
// one is slept after reclaim has stopped helping.

import Timeline
import UAPI

/// How long somebody above memory.high or memory.swap.high must wait (reference 13 §13.3, step 3).
package enum HighPenalty {
  /// The longest delay, in seconds.
  static let secondsMax = 2
  /// A delay of at most a second over this is forgiven.
  static let forgivenPerSecond = 100

  /// Usage above a mark, as a share of the mark with 20 binary places.
  package static func overage(usage: Int, high: Int) -> Int {
    usage <= high ? 0 : (usage - high) << 20 / max(high, 1)
  }

  /// Ticks to wait for `pages` charged at that overage.
  package static func ticks(overage: Int, pages: Int, batch: Int, hz: Int) -> Int {
    // Any overage beyond a hundred per cent is far beyond the longest delay, and its square must
    // fit.
    let bounded = min(overage, 1 << 20)
    return (bounded * bounded * hz) >> 34 * pages / batch
  }

  /// Both delays together, no longer than allowed.
  package static func ticks(
    memory: Int, swap: Int, pages: Int, batch: Int, hz: Int
  ) -> Int {
    min(
      ticks(overage: memory, pages: pages, batch: batch, hz: hz)
        + ticks(overage: swap, pages: pages, batch: batch, hz: hz), secondsMax * hz)
  }
}

extension Memory {
  /// Notes what was just charged above a memory.high as the task's, and answers for it at once
  /// where the kernel does not let that much add up.
  func settleHigh(_ task: SimTask, _ gfp: GfpFlags) async throws(Killed) {
    if noteHigh(task, gfp) { try await answerForHigh(task, gfp) }
  }

  /// The synchronous half.
  /// - Returns: whether it has to be answered for at once.
  func noteHigh(_ task: SimTask, _ gfp: GfpFlags) -> Bool {
    task.overHigh += stock.takeOverHigh()
    switch profile.memoryHigh {
    case .onReturn: return false
    case .onReturnOrBeyondBatch:
      return task.overHigh > profile.numbers.chargeBatch && gfp.contains(.directReclaim)
        && !task.isReclaiming
    }
  }

  /// The way back to user mode.
  func returnOverHigh(_ task: SimTask) async throws(Killed) {
    task.overHigh += stock.takeOverHigh()
    if task.overHigh != 0 { try await answerForHigh(task, .kernel) }
  }

  /// mem_cgroup_handle_over_high: reclaim, see what is left above, wait.
  func answerForHigh(_ task: SimTask, _ gfp: GfpFlags) async throws(Killed) {
    let charged = task.overHigh
    task.overHigh = 0
    var retries = profile.numbers.maxReclaimRetries
    var pages = charged
    while true {
      let reclaimed = try await reclaimHigh(task, pages: pages, gfp)
      pages = profile.numbers.swapClusterMax
      let delay = highDelay(of: task.memcg, pages: charged)
      if delay <= profile.numbers.hz / HighPenalty.forgivenPerSecond { return }
      if reclaimed > 0 || retries > 0 {
        if reclaimed == 0 { retries -= 1 }
        continue
      }
      let penalty = UInt64(delay) * profile.numbers.tick
      // A killable sleep does not begin with the signal pending.
      if task.isDying { return }
      let begun = timeline.now
      beginStall(task)
      setRunnable(false, task)
      task.sleepsKillably = true
      defer { task.sleepsKillably = false }
      try await task.fiber.sleep(Nanoseconds(penalty))
      task.latencies.note(.throttled, (timeline.now - begun).count)
      setRunnable(true, task)
      endStall(task)
      return
    }
  }

  /// Reclaims in each cgroup above its high, from the task's own up to the root's child.
  private func reclaimHigh(_ task: SimTask, pages: Int, _ gfp: GfpFlags)
    async throws(Killed) -> Int
  {
    var reclaimed = 0
    var at = task.memcg
    while at != 0, at != MemcgTree.rootNumber {
      let row = tree.rows[Int(at)]
      if row.usage > row.high {
        let cgroup = tree.cgroup(at)
        cgroup.count(.high)
        let begun = timeline.now
        beginStall(task)
        reclaimed += try await reclaimMemcg(cgroup, pages: pages, gfp: gfp, task)
        endStall(task)
        task.latencies.note(.directReclaim, (timeline.now - begun).count)
      }
      at = tree.rows[Int(at)].parent
    }
    return reclaimed
  }

  /// What the worst overage between a cgroup and the root costs, in ticks.
  private func highDelay(of memcg: UInt16, pages: Int) -> Int {
    var memory = 0, swap = 0
    var at = memcg
    while at != 0, at != MemcgTree.rootNumber {
      let row = tree.rows[Int(at)]
      memory = max(memory, HighPenalty.overage(usage: row.usage, high: row.high))
      if row.swapUsage > row.swapHigh { tree.cgroup(at).countSwap(.high) }
      swap = max(swap, HighPenalty.overage(usage: row.swapUsage, high: row.swapHigh))
      at = row.parent
    }
    return HighPenalty.ticks(
      memory: memory, swap: swap, pages: pages, batch: profile.numbers.chargeBatch,
      hz: profile.numbers.hz)
  }
}
