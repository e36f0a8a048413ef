// SPDX-License-Identifier: Apache-2.0
// Waits in the middle of reclaim (reference 04 §§4.5, 4.6; 06 §6.2; 12 §12.3).
//
//   writeback   kswapd meets folios that it met before and that are still being written
//   isolated    others have taken more folios off a list than are left on it
//   no progress a direct reclaimer is about to look at everything and has freed nothing
//   congested   all that was met is dirty, and its device is behind
//
// From 5.16 on each reason has a queue, whose sleepers are woken as soon as somebody has changed
// what they wait for. Before that reclaim sleeps a tenth of a second: a device that leaves
// congestion would end it, but the devices here never call themselves congested (no page of a
// recorded swap device with a queue was kept because of it).

import Timeline
import UAPI

/// What the rounds of one call met on a node: sc.nr. Zeroed at the beginning of each round.
package struct RoundTally {
  package var dirty = 0
  package var unqueuedDirty = 0
  package var congested = 0
  package var writeback = 0
  package var immediate = 0
  package var taken = 0
  package var fileTaken = 0

  package init() {}

  /// Everything taken is being written: PGDAT_WRITEBACK.
  package var isUnderWriteback: Bool { writeback != 0 && writeback == taken }
  /// Every file page taken is dirty and nobody writes it: PGDAT_DIRTY. True of none as well.
  package var isDirty: Bool { unqueuedDirty == fileTaken }
  /// Everything dirty waits for a device that is behind: LRUVEC_CONGESTED.
  package var isCongested: Bool { dirty != 0 && dirty == congested }
}

/// The node's flags and sleepers.
final class ReclaimThrottle {
  /// PGDAT_WRITEBACK and PGDAT_DIRTY, until kswapd finds the node balanced.
  var isUnderWriteback = false
  var isDirty = false

  private var sleepers: [[SimThread]] = ThrottleReason.allCases.map { _ in [] }
  /// Pages written since the first of those who sleep for writeback began to.
  private var written = 0
  /// Asked before each batch.
  private(set) var hasIsolatedSleepers = false

  static let forWriteback = Nanoseconds.milliseconds(100)
  /// Folios that have to be written for each sleeper.
  static let cluster = 32

  /// How long one sleeps at most (reference 04 §4.6).
  static func limit(_ reason: ThrottleReason, _ numbers: Numbers) -> Nanoseconds {
    let ticks =
      switch reason {
      case .writeback: numbers.hz / 10
      case .isolated: numbers.hz / 50
      case .noProgress, .congested: 1
      }
    return Nanoseconds(UInt64(ticks) * numbers.tick)
  }

  /// The queue of a reason; asked for each page that is written.
  private static func number(_ reason: ThrottleReason) -> Int {
    switch reason {
    case .writeback: 0
    case .isolated: 1
    case .noProgress: 2
    case .congested: 3
    }
  }

  func begin(_ reason: ThrottleReason, _ thread: SimThread) {
    let number = Self.number(reason)
    if reason == .writeback, sleepers[number].isEmpty { written = 0 }
    sleepers[number].append(thread)
    if reason == .isolated { hasIsolatedSleepers = true }
  }

  func end(_ reason: ThrottleReason, _ thread: SimThread) {
    let number = Self.number(reason)
    sleepers[number].removeAll { $0 === thread }
    if reason == .isolated { hasIsolatedSleepers = !sleepers[number].isEmpty }
  }

  func wake(_ reason: ThrottleReason) {
    for thread in sleepers[Self.number(reason)] { thread.wake() }
  }

  /// A page has been written. Answers whether somebody sleeps for that: nr_throttled_written.
  func noteWritten() -> Bool {
    let count = sleepers[Self.number(.writeback)].count
    if count == 0 { return false }
    written += 1
    if written > Self.cluster * count { wake(.writeback) }
    return true
  }

  /// kswapd has found the node balanced.
  func clearFlags() {
    isUnderWriteback = false
    isDirty = false
  }
}

extension Memory {
  /// What a round of reclaim says about the node, and the waits that follow from it.
  func settleRound(_ control: ScanControl) async throws(Killed) {
    let round = control.round, target = tree.lruvec(control.target.number)
    if control.reclaimer == .kswapd {
      if round.isUnderWriteback { reclaimThrottle.isUnderWriteback = true }
      if round.isDirty { reclaimThrottle.isDirty = true }
      if round.immediate != 0 { try await throttle(.writeback, control.task) }
    }
    if control.reclaimer != .direct, round.isCongested { target.pointee.isCongested = true }
    if control.reclaimer != .kswapd, target.pointee.isCongested {
      try await throttle(.congested, control.task)
    }
  }

  /// After a priority of direct reclaim (consider_reclaim_throttle, reference 02 §2.4).
  func considerThrottle(_ control: ScanControl) async throws(Killed) {
    guard profile.reclaimWait == .throttle else { return }
    if control.reclaimed > control.scanned >> 3 { return reclaimThrottle.wake(.noProgress) }
    if control.reclaimer == .direct, control.priority == 1, control.reclaimed == 0 {
      try await throttle(.noProgress, control.task)
    }
  }

  /// too_many_isolated: waits once while others hold more folios of a list's kind than are on it.
  /// - Returns: nil when the batch may go on; else what it is to claim as reclaimed.
  func waitWhileTooManyAreIsolated(_ list: Int, _ control: ScanControl)
    async throws(Killed) -> Int?
  {
    var hasWaited = false
    while isTooMuchIsolated(list, control.gfp) {
      if hasWaited { return 0 }
      hasWaited = true
      try await throttle(.isolated, control.task)
      if let task = control.task as? SimTask, task.isDying { return profile.numbers.swapClusterMax }
    }
    reclaimThrottle.wake(.isolated)
    return nil
  }

  private func isTooMuchIsolated(_ list: Int, _ gfp: GfpFlags) -> Bool {
    let isolated = node.counters[Self.isolated(list)]
    if isolated == 0 { return false }
    let sizes = tree.books.head.pointee.totals
    let inactive = ListIndex.isFile(list) ? sizes.inactiveFile : sizes.inactiveAnon
    return isolated > (gfp.contains([.io, .fs]) ? inactive >> 3 : inactive)
  }

  @inline(__always) static func isolated(_ list: Int) -> VmCounter {
    ListIndex.isFile(list) ? .nr_isolated_file : .nr_isolated_anon
  }

  /// reclaim_throttle, or what stood in its place.
  func throttle(_ reason: ThrottleReason, _ thread: SimThread) async throws(Killed) {
    switch profile.reclaimWait {
    case .throttle:
      if reason == .congested || reason == .noProgress, progressNeedsNoWriteback {
        return try await thread.giveWayIfDue()
      }
      reclaimThrottle.begin(reason, thread)
      defer { reclaimThrottle.end(reason, thread) }
      let limit = ReclaimThrottle.limit(reason, profile.numbers)
      let slept = try await sleepInReclaim(thread, atMost: limit)
      tracer.throttled(node: node.number, limit: limit, slept: slept, reason)
    case .congestion:
      switch reason {
      case .writeback, .noProgress: try await waitForCongestion(thread)
      case .isolated:
        _ = try await sleepInReclaim(thread, atMost: ReclaimThrottle.forWriteback)
      case .congested:
        let begun = timeline.now
        try await thread.giveWayIfDue()
        tracer.waitIffCongested(
          limit: ReclaimThrottle.forWriteback, slept: timeline.now - begun)
      }
    }
  }

  /// congestion_wait.
  func waitForCongestion(_ thread: SimThread) async throws(Killed) {
    let limit = ReclaimThrottle.forWriteback
    let slept = try await sleepInReclaim(thread, atMost: limit)
    tracer.congestionWait(limit: limit, slept: slept)
  }

  /// skip_throttle_noprogress: the node is given up, or most of what could be reclaimed waits for
  /// no device.
  private var progressNeedsNoWriteback: Bool {
    if kswapd.isHopeless { return true }
    let reclaimable = reclaimablePages().reduce(0, +)
    return 2 * node.zones.reduce(0) { $0 + $1.writePending } <= reclaimable
  }

  /// Sleeps off the CPU, for which pressure does not count the thread as running.
  private func sleepInReclaim(_ thread: SimThread, atMost limit: Nanoseconds)
    async throws(Killed) -> Nanoseconds
  {
    let begun = timeline.now
    if let task = thread as? SimTask {
      setRunnable(false, task)
    } else {
      pressure.kernelThread(sleeps: true)
    }
    _ = try await thread.sleep(atMost: limit)
    if let task = thread as? SimTask {
      setRunnable(true, task)
      task.latencies.note(.throttled, (timeline.now - begun).count)
    } else {
      pressure.kernelThread(sleeps: false)
    }
    return timeline.now - begun
  }
}
