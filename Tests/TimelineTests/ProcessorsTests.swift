// SPDX-License-Identifier: Apache-2.0
// Turns on processors: who is on, who waits, and for how long.

import Testing
import Timeline

@Suite struct ProcessorsTests {
  /// Spends `costs[i]` by fiber i, all from the start, and tells when each was through.
  private func spend(_ costs: [UInt64], on processors: Processors) -> [UInt64] {
    let timeline = Timeline()
    var through = [UInt64](repeating: 0, count: costs.count)
    for (number, cost) in costs.enumerated() {
      timeline.spawn("\(number)") { fiber throws(Killed) in
        try await processors.spend(Nanoseconds(cost), fiber)
        through[number] = timeline.now.nanoseconds
      }
    }
    timeline.run()
    #expect(timeline.fiberCount == 0)
    for number in 0..<processors.count { #expect(processors.holder(of: number) == nil) }
    return through
  }

  @Test func asManyAsThereAreProcessorsRunAtTheSameTime() {
    #expect(spend([100, 100], on: Processors(count: 2, slice: 10)) == [100, 100])
    #expect(spend([100, 100], on: Processors(count: 3, slice: 10)) == [100, 100])
  }

  @Test func moreThanThatTakeTurnsSliceBySlice() {
    // 0: 0-10, 20-30, 40-45; 1: 10-20, 30-40, 45-50.
    #expect(spend([25, 25], on: Processors(count: 1, slice: 10)) == [45, 50])
    // A slice that is longer than the work: one after the other.
    #expect(spend([25, 25], on: Processors(count: 1, slice: 25)) == [25, 50])
    // One nanosecond beyond the slice waits for everyone else's turn.
    #expect(spend([26, 25], on: Processors(count: 1, slice: 25)) == [51, 50])
  }

  @Test func aShortJobWaitsNoLongerThanASliceForEachBeforeIt() {
    #expect(spend([1000, 1000, 5], on: Processors(count: 1, slice: 10))[2] == 25)
  }

  @Test func whoSleepsElsewhereGivesUpItsProcessor() {
    let timeline = Timeline()
    let processors = Processors(count: 1, slice: 10)
    let disk = WaitQueue()
    let log = Log()
    timeline.spawn("reader") { fiber throws(Killed) in
      try await processors.spend(4, fiber)
      #expect(fiber.processor == 0)
      _ = try await disk.wait(fiber, atMost: 2)
      #expect(fiber.processor == nil)
      log.note("read \(timeline.now.nanoseconds)")
      try await processors.spend(4, fiber)
      log.note("reader \(timeline.now.nanoseconds)")
    }
    timeline.spawn("worker") { fiber throws(Killed) in
      try await processors.spend(9, fiber)
      log.note("worker \(timeline.now.nanoseconds)")
    }
    timeline.run()
    #expect(log.lines == ["read 6", "worker 13", "reader 17"])
  }

  @Test func theLineIsServedInOrderOfAsking() {
    let timeline = Timeline()
    let processors = Processors(count: 1)
    let log = Log()
    for name in ["a", "b", "c"] {
      timeline.spawn(name) { fiber throws(Killed) in
        #expect(try await processors.acquire(fiber) == 0)
        log.note("\(name) \(timeline.now.nanoseconds)")
        try await fiber.spend(10)
        processors.release(fiber)
        // Whoever asks again stands behind those who have waited all the while.
        try await processors.acquire(fiber)
        log.note("\(name) again \(timeline.now.nanoseconds)")
      }
    }
    timeline.run()
    #expect(log.lines == ["a 0", "b 10", "c 20", "a again 30", "b again 30", "c again 30"])
  }

  @Test func aFiberComesBackToTheProcessorItWasOn() {
    let timeline = Timeline()
    let processors = Processors(count: 2)
    timeline.spawn("first") { fiber throws(Killed) in
      try await processors.spend(10, fiber)
    }
    timeline.spawn("second") { fiber throws(Killed) in
      #expect(try await processors.acquire(fiber) == 1)
      try await fiber.sleep(20)
      #expect(processors.holder(of: 0) == nil)
      #expect(try await processors.acquire(fiber) == 1)  // 0 is idle as well
    }
    timeline.run()
  }

  @Test func whoIsKilledInLineOrOnAProcessorMakesRoom() {
    let timeline = Timeline()
    let processors = Processors(count: 1, slice: 1000)
    let log = Log()
    let fibers = ["on", "in line", "last"].map { name in
      timeline.spawn(name) { fiber throws(Killed) in
        try await processors.spend(100, fiber)
        log.note("\(name) \(timeline.now.nanoseconds)")
      }
    }
    timeline.run(until: Instant(nanoseconds: 10))
    #expect(processors.waitingCount == 2)
    #expect(processors.holder(of: 0) === fibers[0])
    fibers[1].kill()
    #expect(processors.waitingCount == 1)
    fibers[0].kill()
    #expect(processors.holder(of: 0) === fibers[2])
    timeline.run()
    #expect(log.lines == ["last 110"])
  }

  @Test func theSynchronousHalfStopsAtTheEndOfTheSliceOnlyWhileSomebodyWaits() {
    let timeline = Timeline()
    let processors = Processors(count: 1, slice: 10)
    timeline.spawn("holder") { fiber throws(Killed) in
      #expect(processors.trySpend(25, fiber))  // nobody waits: the slice begins anew at 25
      timeline.spawn("waiter") { other throws(Killed) in try await processors.spend(3, other) }
      try await fiber.spend(4)
      #expect(processors.waitingCount == 1)
      #expect(!processors.trySpend(7, fiber))
      #expect(processors.trySpend(6, fiber))
      #expect(!processors.trySpend(1, fiber))
      try await processors.spend(1, fiber)
      #expect(timeline.now == Instant(nanoseconds: 39))
    }
    timeline.run()
    #expect(timeline.fiberCount == 0)
  }

  @Test func withoutAProcessorNothingIsSpent() {
    let timeline = Timeline()
    let processors = Processors(count: 1)
    timeline.spawn("holder") { fiber throws(Killed) in
      try await processors.acquire(fiber)
      try await fiber.spend(10)
    }
    timeline.spawn("other") { fiber in
      #expect(!processors.trySpend(1, fiber))
      #expect(fiber.processor == nil)
    }
    timeline.run()
  }
}
