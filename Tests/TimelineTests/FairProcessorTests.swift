// SPDX-License-Identifier: Apache-2.0
// One CPU shared fairly: who runs when, to the nanosecond.

import Testing
import Timeline

@Suite struct FairProcessorTests {
  private static let rules = FairRules(
    sleeperCredit: 300, wakeupGranularity: 100, latency: 600, leastSlice: 75, tick: 400,
    tickOffset: 0)

  /// One processor, and what its fibers told.
  private final class Stage {
    let timeline = Timeline()
    let processor: FairProcessor
    private(set) var log: [String] = []

    init() { processor = FairProcessor(timeline, rules) }

    func add(_ name: String) { log.append("\(name) \(timeline.now.nanoseconds)") }

    /// A fiber that spends so much, so often, and tells when it is done.
    @discardableResult
    func spawn(
      _ name: String, spends duration: Nanoseconds, times: Int = 1,
      first: @escaping () -> Void = {}
    ) -> Fiber {
      timeline.spawn(name) { [self] fiber throws(Killed) in
        let share = processor.share(for: fiber)
        first()
        for _ in 0..<times { try await processor.spend(duration, share) }
        add(name)
      }
    }
  }

  @Test func whoIsAloneSpendsInOneStep() {
    let timeline = Timeline()
    let processor = FairProcessor(timeline, Self.rules)
    timeline.spawn("a") { fiber throws(Killed) in
      let share = processor.share(for: fiber)
      try await processor.spend(5000, share)
      #expect(processor.trySpend(5000, share))
    }
    timeline.run()
    #expect(timeline.now.nanoseconds == 10_000)
    #expect(timeline.jobCount == 1)
  }

  /// Two that compute share: a tick that finds a slice of half the latency used up changes them.
  @Test func ticksChangeTwoWhoCompute() {
    let stage = Stage()
    for name in ["a", "b"] { stage.spawn(name, spends: 100, times: 10) }
    stage.timeline.run()
    #expect(stage.log == ["a 1800", "b 2000"])
  }

  /// A sleeper joins a credit behind and preempts at the end of the spending in which it is woken.
  @Test func aWokenSleeperPreemptsAtTheEndOfASpending() {
    let stage = Stage(), processor = stage.processor
    var sleeper: FairProcessor.Share?
    stage.timeline.spawn("sleeper") { fiber throws(Killed) in
      let share = processor.share(for: fiber)
      sleeper = share
      #expect(try await processor.sleep(share))
      stage.add("awake")
      try await processor.spend(50, share)
      stage.add("done")
    }
    stage.timeline.spawn("runner") { fiber throws(Killed) in
      let share = processor.share(for: fiber)
      try await processor.spend(1000, share)
      processor.wake(sleeper!)
      #expect(processor.wantsSwitch)
      #expect(!processor.trySpend(10, share))
      try await processor.spend(10, share)
      stage.add("runner")
    }
    stage.timeline.run()
    #expect(stage.log == ["awake 1010", "done 1060", "runner 1060"])
  }

  /// A worker takes its time first, then whoever has used least goes on.
  @Test func aWorkerLetsWhoHasUsedLeastGoOn() {
    let stage = Stage()
    stage.spawn("a", spends: 20) { stage.processor.interrupt(by: 7) }
    stage.spawn("b", spends: 20)
    stage.timeline.run()
    #expect(stage.log == ["b 47", "a 47"])
  }

  @Test func whoIsKilledInTheQueueLeavesIt() {
    let stage = Stage()
    stage.spawn("a", spends: 100)
    let other = stage.spawn("b", spends: 100)
    stage.timeline.spawn("killer") { _ throws(Killed) in other.kill() }
    stage.timeline.run()
    #expect(stage.log == ["a 100"])
    #expect(stage.processor.waitingCount == 0)
  }
}
