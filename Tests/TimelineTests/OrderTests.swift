// SPDX-License-Identifier: Apache-2.0
// In which order things happen, and where the clock stands meanwhile.

import Testing
import Timeline

/// What happened, in order: fibers of one timeline write into it.
final class Log {
  var lines: [String] = []
  func note(_ line: String) { lines.append(line) }
}

@Suite struct OrderTests {
  @Test func fibersStartInTheOrderInWhichTheyWereMade() {
    let timeline = Timeline()
    let log = Log()
    for name in ["a", "b", "c"] {
      timeline.spawn(name) { fiber in log.note(fiber.name) }
    }
    #expect(log.lines == [])
    timeline.run()
    #expect(log.lines == ["a", "b", "c"])
  }

  @Test func timersFireByMomentAndThenByOrderOfAsking() {
    let timeline = Timeline()
    let log = Log()
    for (name, delay) in [("late", 30), ("first", 10), ("second", 10), ("middle", 20)] {
      timeline.spawn(name) { fiber throws(Killed) in
        try await fiber.sleep(Nanoseconds(UInt64(delay)))
        log.note("\(fiber.name) \(timeline.now.nanoseconds)")
      }
    }
    timeline.run()
    #expect(log.lines == ["first 10", "second 10", "middle 20", "late 30"])
  }

  @Test func whatIsReadyRunsBeforeTheNextTimerOfTheSameMoment() {
    let timeline = Timeline()
    let log = Log()
    let queue = WaitQueue()
    timeline.spawn("woken") { fiber throws(Killed) in
      try await queue.wait(fiber)
      log.note("woken")
    }
    timeline.spawn("waker") { fiber throws(Killed) in
      try await fiber.sleep(10)
      queue.wakeOne()
      log.note("waker")
    }
    timeline.spawn("next timer") { fiber throws(Killed) in
      try await fiber.sleep(10)
      log.note("next timer")
    }
    timeline.run()
    #expect(log.lines == ["waker", "woken", "next timer"])
  }

  @Test func eachWakeCostsExactlyOneJob() {
    let timeline = Timeline()
    func deeper(_ fiber: Fiber, _ levels: Int) async throws(Killed) {
      if levels > 0 { try await deeper(fiber, levels - 1) } else { try await fiber.sleep(1) }
    }
    timeline.spawn("sleeper") { fiber throws(Killed) in
      for levels in 0..<10 { try await deeper(fiber, levels) }
    }
    timeline.run()
    #expect(timeline.jobCount == 11)  // one for the start, one for each of ten sleeps
  }

  @Test func theRunStopsAtItsEndAndTheNextGoesOn() {
    let timeline = Timeline()
    let log = Log()
    timeline.spawn("ticker") { fiber throws(Killed) in
      for _ in 0..<4 {
        try await fiber.sleep(10)
        log.note("\(timeline.now.nanoseconds)")
      }
    }
    timeline.run(until: Instant(nanoseconds: 19))
    #expect(log.lines == ["10"])
    #expect(timeline.now == Instant(nanoseconds: 19))
    timeline.run(until: Instant(nanoseconds: 30))  // what is due at the end itself happens
    #expect(log.lines == ["10", "20", "30"])
    timeline.run(until: Instant(nanoseconds: 5))  // an end that has passed
    #expect(timeline.now == Instant(nanoseconds: 30))
    timeline.run()
    #expect(log.lines == ["10", "20", "30", "40"])
    #expect(timeline.now == Instant(nanoseconds: 40))  // without an end: where the last thing was
  }

  @Test func unparkEndsASleepAndCancelsItsTimer() {
    let timeline = Timeline()
    let log = Log()
    let sleeper = timeline.spawn("sleeper") { fiber throws(Killed) in
      try await fiber.sleep(100)
      log.note("up at \(timeline.now.nanoseconds)")
      try await fiber.sleep(1000)
      log.note("again at \(timeline.now.nanoseconds)")
    }
    timeline.spawn("waker") { fiber throws(Killed) in
      try await fiber.sleep(7)
      #expect(sleeper.isParked)
      sleeper.unpark()
      #expect(!sleeper.isParked)
      sleeper.unpark()
    }
    timeline.run()
    #expect(log.lines == ["up at 7", "again at 1007"])
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func equalSeedsGiveEqualDigestsOverRepeatedRuns(seed: UInt64) {
    let digests = (0..<5).map { _ in tangle(seed: seed) }
    #expect(Set(digests).count == 1)
    #expect(digests[0] != tangle(seed: seed + 1))
  }
}

/// A hundred fibers that sleep, wait, wake, spend and get killed by chance; the digest of it all.
private func tangle(seed: UInt64) -> Digest {
  let timeline = Timeline()
  let streams = RandomStreams(seed: seed)
  let queue = WaitQueue()
  let processors = Processors(count: 3, slice: 50)
  var digest = Digest()
  var fibers: [Fiber] = []
  for number in 0..<100 {
    var random = streams.stream("fiber \(number)")
    fibers.append(
      timeline.spawn("fiber \(number)") { fiber throws(Killed) in
        for step in 0..<100 as Range<UInt64> {
          let chance = random.next()
          let duration = Nanoseconds(chance >> 8 & 127)
          switch chance & 7 {
          case 0, 1: try await fiber.sleep(duration)
          case 2: digest.fold(try await queue.wait(fiber, atMost: duration) ? 1 : 0)
          case 3: queue.wakeOne()
          case 4: queue.wakeAll()
          case 5: try await fiber.spend(duration)
          default: try await processors.spend(duration, fiber)
          }
          if chance >> 20 & 1023 == 0 { fibers[Int(chance >> 40 % 100)].kill() }
          digest.fold(timeline.now.nanoseconds)
          digest.fold(UInt64(number) << 32 | step)
        }
      })
  }
  timeline.run()
  timeline.shutdown()
  digest.fold(timeline.jobCount)
  return digest
}
