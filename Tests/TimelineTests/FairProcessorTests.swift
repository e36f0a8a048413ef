// SPDX-License-Identifier: Apache-2.0
// One CPU shared fairly: who runs when, to the nanosecond.

import Testing
import Timeline

@Suite struct FairProcessorTests {
  private static let rules = FairRules(
    sleeperCredit: 300, wakeupGranularity: 100, latency: 600, leastSlice: 75, tick: 400,
    tickOffset: 0)

  private final class Log {
    var lines: [String] = []
    func add(_ name: String, _ now: Instant) { lines.append("\(name) \(now.nanoseconds)") }
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
    let timeline = Timeline()
    let processor = FairProcessor(timeline, Self.rules)
    let log = Log()
    for name in ["a", "b"] {
      timeline.spawn(name) { fiber throws(Killed) in
        let share = processor.share(for: fiber)
        for _ in 0..<10 { try await processor.spend(100, share) }
        log.add(name, timeline.now)
      }
    }
    timeline.run()
    #expect(log.lines == ["a 1800", "b 2000"])
  }

  /// A sleeper joins a credit behind and preempts at the end of the spending in which it is woken.
  @Test func aWokenSleeperPreemptsAtTheEndOfASpending() {
    let timeline = Timeline()
    let processor = FairProcessor(timeline, Self.rules)
    let log = Log()
    var sleeper: FairProcessor.Share?
    timeline.spawn("sleeper") { fiber throws(Killed) in
      let share = processor.share(for: fiber)
      sleeper = share
      #expect(try await processor.sleep(share))
      log.add("awake", timeline.now)
      try await processor.spend(50, share)
      log.add("done", timeline.now)
    }
    timeline.spawn("runner") { fiber throws(Killed) in
      let share = processor.share(for: fiber)
      try await processor.spend(1000, share)
      processor.wake(sleeper!)
      #expect(processor.wantsSwitch)
      #expect(!processor.trySpend(10, share))
      try await processor.spend(10, share)
      log.add("runner", timeline.now)
    }
    timeline.run()
    #expect(log.lines == ["awake 1010", "done 1060", "runner 1060"])
  }

  /// A worker takes its time first, then whoever has used least goes on.
  @Test func aWorkerLetsWhoHasUsedLeastGoOn() {
    let timeline = Timeline()
    let processor = FairProcessor(timeline, Self.rules)
    let log = Log()
    for name in ["a", "b"] {
      timeline.spawn(name) { fiber throws(Killed) in
        let share = processor.share(for: fiber)
        if name == "a" { processor.interrupt(by: 7) }
        try await processor.spend(20, share)
        log.add(name, timeline.now)
      }
    }
    timeline.run()
    #expect(log.lines == ["b 47", "a 47"])
  }

  @Test func whoIsKilledInTheQueueLeavesIt() {
    let timeline = Timeline()
    let processor = FairProcessor(timeline, Self.rules)
    let log = Log()
    timeline.spawn("a") { fiber throws(Killed) in
      let share = processor.share(for: fiber)
      try await processor.spend(100, share)
      log.add("a", timeline.now)
    }
    let other = timeline.spawn("b") { fiber throws(Killed) in
      try await processor.spend(100, processor.share(for: fiber))
      log.add("b", timeline.now)
    }
    timeline.spawn("killer") { _ throws(Killed) in other.kill() }
    timeline.run()
    #expect(log.lines == ["a 100"])
    #expect(processor.waitingCount == 0)
  }
}
