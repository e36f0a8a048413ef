// SPDX-License-Identifier: Apache-2.0
// One CPU that its runnable fibers share fairly, as 5.10 and 6.1 do with voluntary preemption
// (fidelity/cost-model.md, "Scheduling rules").
//
//   virtual time   the CPU time a fiber has used; who has least runs next
//   minimum        never falls; a fiber that slept joins at most a credit behind it
//   giving way     only at the end of a spending: a woken fiber far enough behind, a tick that
//                  finds the runner's slice over, or a worker of the kernel asks for it
//
// A fiber is asleep, in the queue, or the current one; only the current one spends. Whoever sleeps
// anywhere else (a disk, a timer) leaves the CPU by that. While nobody waits for the CPU nothing of
// this is looked at: the clock's cell decides.
//
// Ticks are not events. Whoever spends looks, when it is done, whether a tick has passed since it
// last looked; so a walk during which the kernel takes no interrupts sees its ticks at its end.

/// The numbers of the rules.
package struct FairRules: Sendable {
  /// How far behind the minimum a sleeper may join.
  package var sleeperCredit: Nanoseconds
  /// A woken fiber preempts whoever is further ahead of it than this.
  package var wakeupGranularity: Nanoseconds
  /// What all runnable fibers share in one round, and the least of it for each.
  package var latency: Nanoseconds
  package var leastSlice: Nanoseconds
  /// Time between ticks, and how late in it the tick is handled.
  package var tick: Nanoseconds
  package var tickOffset: Nanoseconds

  package init(
    sleeperCredit: Nanoseconds, wakeupGranularity: Nanoseconds, latency: Nanoseconds,
    leastSlice: Nanoseconds, tick: Nanoseconds, tickOffset: Nanoseconds
  ) {
    self.sleeperCredit = sleeperCredit
    self.wakeupGranularity = wakeupGranularity
    self.latency = latency
    self.leastSlice = leastSlice
    self.tick = tick
    self.tickOffset = tickOffset
  }
}

package final class FairProcessor {
  /// A fiber's part in one processor.
  package final class Share {
    fileprivate let processor: FairProcessor
    fileprivate unowned let fiber: Fiber
    fileprivate var virtualTime: UInt64 = 0
    fileprivate var pickedAt = Instant.boot
    fileprivate var isQueued = false
    fileprivate var wasWoken = false

    fileprivate init(_ processor: FairProcessor, _ fiber: Fiber) {
      self.processor = processor
      self.fiber = fiber
    }

    func leave() { processor.leave(self) }
  }

  private let timeline: Timeline
  private let clock: ClockCell
  private let rules: FairRules
  private var current: Share?
  /// Runnable ones, in the order in which they came.
  private var queue: [Share] = []
  private var minimum: UInt64 = 0
  /// Up to when the current one's time has been added to its virtual time.
  private var chargedAt = Instant.boot
  private var nextTick = Instant.distantFuture
  private var isToGiveWay = false
  /// CPU time that a worker of the kernel wants before anybody else.
  private var workerTime: Nanoseconds = 0
  private var switched: ((Fiber?) -> Void)?

  package init(_ timeline: Timeline, _ rules: FairRules) {
    self.timeline = timeline
    clock = timeline.clock
    self.rules = rules
  }

  /// Gives a fiber its share; it has one processor for all its life.
  package func share(for fiber: Fiber) -> Share {
    let share = Share(self, fiber)
    fiber.share = share
    return share
  }

  /// Has `body` told of each fiber that gets the processor; nil: it is idle.
  package func whenSwitched(_ body: @escaping (Fiber?) -> Void) { switched = body }

  package func isCurrent(_ share: Share) -> Bool { current === share }
  /// Whether the current fiber is to give way where it next may.
  package var wantsSwitch: Bool { isToGiveWay }
  /// How many fibers wait for the processor.
  package var waitingCount: Int { queue.count }

  // MARK: spending

  /// The synchronous half of `spend`: lets `duration` pass if the fiber has the processor and
  /// nothing else can happen meanwhile.
  package func trySpend(_ duration: Nanoseconds, _ share: Share) -> Bool {
    guard current === share else { return false }
    return clock.tryAdvance(by: duration)
  }

  /// Uses `duration` of CPU time, then gives way if that is asked for.
  package func spend(_ duration: Nanoseconds, _ share: Share) async throws(Killed) {
    try await acquire(share)
    if clock.tryAdvance(by: duration) { return }
    if !timeline.tryPass(duration) {
      _ = try await share.fiber.suspend(
        until: timeline.now + duration, keepingProcessor: true)
    }
    try await giveWayIfDue(share)
  }

  /// Puts the fiber on the processor, in its turn.
  package func acquire(_ share: Share) async throws(Killed) {
    if current === share { return }
    if share.fiber.isKilled { throw Killed() }
    enqueue(share)
    try await waitForTurn(share)
  }

  /// A place where the current fiber may be taken off the processor.
  package func giveWayIfDue(_ share: Share) async throws(Killed) {
    try await acquire(share)
    if !queue.isEmpty, timeline.now >= nextTick { tick() }
    if workerTime > .zero {
      let duration = workerTime
      workerTime = .zero
      charge()
      if !timeline.tryPass(duration) {
        _ = try await share.fiber.suspend(
          until: timeline.now + duration, keepingProcessor: true)
      }
      chargedAt = timeline.now
      isToGiveWay = true
    }
    guard isToGiveWay else { return settle() }
    isToGiveWay = false
    if queue.isEmpty { return settle() }
    charge()
    current = nil
    share.isQueued = true
    queue.append(share)
    pick()
    try await waitForTurn(share)
  }

  // MARK: sleeping and waking

  /// Sleeps off the processor until `wake`, or until `limit` is over.
  /// - Returns: whether it was woken.
  package func sleep(_ share: Share, atMost limit: Nanoseconds? = nil) async throws(Killed) -> Bool
  {
    share.wasWoken = false
    _ = try await share.fiber.suspend(until: limit.map { timeline.now + $0 })
    if current !== share, !share.isQueued { enqueue(share) }
    try await waitForTurn(share)
    return share.wasWoken
  }

  /// Makes a fiber that sleeps in `sleep` runnable.
  package func wake(_ share: Share) {
    guard current !== share, !share.isQueued else { return }
    share.wasWoken = true
    enqueue(share)
  }

  /// A worker of the kernel takes the processor where the current fiber next may give way; then
  /// whoever has used least goes on.
  package func interrupt(by duration: Nanoseconds) {
    workerTime += duration
    timeline.lookUp(at: .boot)
  }

  fileprivate func leave(_ share: Share) {
    if share.isQueued {
      share.isQueued = false
      queue.removeAll { $0 === share }
      settle()
    } else if current === share {
      charge()
      current = nil
      isToGiveWay = false
      pick()
    }
  }

  // MARK: the queue

  private func enqueue(_ share: Share) {
    charge()
    let credit = rules.sleeperCredit.count
    share.virtualTime = max(share.virtualTime, minimum > credit ? minimum - credit : 0)
    share.isQueued = true
    queue.append(share)
    guard let current else { return pick() }
    if current.virtualTime > share.virtualTime + rules.wakeupGranularity.count {
      isToGiveWay = true
    }
    settle()
  }

  private func waitForTurn(_ share: Share) async throws(Killed) {
    while current !== share {
      _ = try await share.fiber.suspend(until: nil, keepingProcessor: true)
    }
  }

  /// The one that has used least becomes the current one; of equals the one that came first.
  private func pick() {
    guard var best = queue.first else {
      switched?(nil)
      return settle()
    }
    for share in queue where share.virtualTime < best.virtualTime { best = share }
    queue.removeAll { $0 === best }
    best.isQueued = false
    best.pickedAt = timeline.now
    chargedAt = timeline.now
    current = best
    switched?(best.fiber)
    settle()
    best.fiber.unpark()
  }

  private func charge() {
    let now = timeline.now
    guard let current else {
      chargedAt = now
      return
    }
    current.virtualTime += (now - chargedAt).count
    chargedAt = now
    let least = queue.reduce(current.virtualTime) { min($0, $1.virtualTime) }
    minimum = max(minimum, least)
  }

  /// The runner is asked to give way when its slice is over, or when it has got too far ahead.
  private func tick() {
    charge()
    nextTick = .distantFuture
    guard let current else { return }
    let runnable = UInt64(queue.count + 1)
    let slice = max(rules.latency.count / runnable, rules.leastSlice.count)
    let ran = (timeline.now - current.pickedAt).count
    let least = queue.reduce(UInt64.max) { min($0, $1.virtualTime) }
    if ran >= slice
      || ran >= rules.leastSlice.count && current.virtualTime > least &+ slice
    {
      isToGiveWay = true
    }
  }

  /// Tells the clock how far the runner may go without looking up.
  private func settle() {
    if isToGiveWay || workerTime > .zero { return timeline.lookUp(at: .boot) }
    if queue.isEmpty {
      nextTick = .distantFuture
    } else if nextTick == .distantFuture {
      let period = rules.tick.count
      let past = timeline.now.nanoseconds / period * period + rules.tickOffset.count
      nextTick = Instant(
        nanoseconds: past > timeline.now.nanoseconds ? past : past + period)
    }
    timeline.lookUp(at: nextTick)
  }
}
