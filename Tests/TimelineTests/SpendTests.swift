// SPDX-License-Identifier: Apache-2.0
// Spending CPU time: when the clock simply moves, and when others go first: the edge and beyond.

import Testing
import Timeline

@Suite struct SpendTests {
  @Test func aFiberAloneMovesTheClockItself() {
    let timeline = Timeline()
    timeline.spawn("alone") { fiber throws(Killed) in
      #expect(fiber.trySpend(5))
      #expect(timeline.now == Instant(nanoseconds: 5))
      try await fiber.spend(7)
      #expect(timeline.now == Instant(nanoseconds: 12))
    }
    timeline.run()
    #expect(timeline.jobCount == 1)
  }

  @Test func spendingStopsShortOfTheNextTimer() {
    let timeline = Timeline()
    timeline.spawn("sleeper") { fiber throws(Killed) in try await fiber.sleep(100) }
    timeline.spawn("worker") { fiber in
      #expect(!fiber.trySpend(101))
      #expect(!fiber.trySpend(100))  // due at that very moment, and asked for earlier
      #expect(timeline.now == .boot)
      #expect(fiber.trySpend(99))
      #expect(!fiber.trySpend(1))
    }
    timeline.run()
    #expect(timeline.now == Instant(nanoseconds: 100))
  }

  @Test func spendingIsRefusedWhileAJobIsReady() {
    let timeline = Timeline()
    let queue = WaitQueue()
    timeline.spawn("waiter") { fiber throws(Killed) in try await queue.wait(fiber) }
    timeline.spawn("worker") { fiber throws(Killed) in
      #expect(fiber.trySpend(1))
      queue.wakeOne()
      #expect(!fiber.trySpend(1))
      try await fiber.spend(1)  // the waiter runs and ends meanwhile
      #expect(fiber.trySpend(1))
      timeline.spawn("another") { _ in }
      #expect(!fiber.trySpend(0))
    }
    timeline.run()
  }

  @Test func aCancelledTimerNoLongerStopsSpending() {
    let timeline = Timeline()
    let queue = WaitQueue()
    timeline.spawn("waiter") { fiber throws(Killed) in
      _ = try await queue.wait(fiber, atMost: 10)
    }
    timeline.spawn("worker") { fiber throws(Killed) in
      #expect(!fiber.trySpend(20))
      queue.wakeOne()
      try await fiber.spend(0)
      #expect(fiber.trySpend(20))
    }
    timeline.run()
  }

  @Test func twoSpendersInterleaveAtTheEndsOfTheirSpendings() {
    let timeline = Timeline()
    let log = Log()
    for (name, cost) in [("a", 30), ("b", 20)] {
      timeline.spawn(name) { fiber throws(Killed) in
        for _ in 0..<3 {
          try await fiber.spend(Nanoseconds(UInt64(cost)))
          log.note("\(name) \(timeline.now.nanoseconds)")
        }
      }
    }
    timeline.run()
    // At 60 both are due; b asked at 40, a at 30.
    #expect(log.lines == ["b 20", "a 30", "b 40", "a 60", "b 60", "a 90"])
  }

  @Test func spendingNeverPassesTheEndOfARun() {
    let timeline = Timeline()
    var reached: [UInt64] = []
    timeline.spawn("worker") { fiber throws(Killed) in
      for _ in 0..<3 {
        try await fiber.spend(40)
        reached.append(timeline.now.nanoseconds)
      }
    }
    timeline.run(until: Instant(nanoseconds: 100))
    #expect(reached == [40, 80])
    #expect(timeline.now == Instant(nanoseconds: 100))
    timeline.run(until: Instant(nanoseconds: 120))  // the end itself may be reached
    #expect(reached == [40, 80, 120])
  }

  @Test func aSpendingThatEndsWithTheRunNeedsNoSleep() {
    let timeline = Timeline()
    timeline.spawn("worker") { fiber in
      #expect(!fiber.trySpend(11))
      #expect(fiber.trySpend(10))
    }
    timeline.run(until: Instant(nanoseconds: 10))
    #expect(timeline.now == Instant(nanoseconds: 10))
  }

  @Test func betweenRunsTimeStandsStill() {
    let timeline = Timeline()
    let fiber = timeline.spawn("parked") { fiber throws(Killed) in try await fiber.park() }
    timeline.run()
    #expect(!fiber.trySpend(1))
    #expect(timeline.now == .boot)
    timeline.shutdown()
  }
}
