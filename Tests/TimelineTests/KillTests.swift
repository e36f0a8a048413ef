// SPDX-License-Identifier: Apache-2.0
// How fibers end: by themselves, killed at every place where they may sleep, and at shutdown.

import Testing
import Timeline

@Suite struct KillTests {
  /// Runs `body` until 10, kills the fiber there, lets 1 s pass; answers what the fiber came to.
  private func killed(
    _ timeline: Timeline = Timeline(), _ body: @escaping (Fiber) async throws(Killed) -> Void
  ) -> String {
    var fate = "unstarted"
    let victim = timeline.spawn("victim") { fiber throws(Killed) in
      fate = "running"
      do { try await body(fiber) } catch {
        fate = "killed at \(timeline.now.nanoseconds)"
        throw Killed()
      }
      fate = "done at \(timeline.now.nanoseconds)"
    }
    timeline.spawn("killer") { fiber throws(Killed) in
      try await fiber.sleep(10)
      victim.kill()
    }
    timeline.run(until: Instant(nanoseconds: 1_000_000_000))
    #expect(victim.isKilled)
    #expect(timeline.fiberCount == 0)
    return fate
  }

  @Test func aFiberIsKilledWhileItSleeps() {
    #expect(killed { fiber throws(Killed) in try await fiber.sleep(100) } == "killed at 10")
  }

  @Test func aFiberIsKilledWhileParkedForGood() {
    #expect(killed { fiber throws(Killed) in try await fiber.park() } == "killed at 10")
  }

  @Test func aFiberIsKilledWhileItSpendsAndOnAProcessor() {
    #expect(killed { fiber throws(Killed) in try await fiber.spend(100) } == "killed at 10")
    let processors = Processors(count: 1)
    #expect(
      killed { fiber throws(Killed) in try await processors.spend(100, fiber) } == "killed at 10")
    #expect(processors.holder(of: 0) == nil)
  }

  @Test func aKilledFiberLeavesItsQueueAndIsNotWoken() {
    let timeline = Timeline()
    let queue = WaitQueue()
    var next: Fiber?
    timeline.spawn("prelude") { _ in
      // After the victim, which waits already when this one starts to.
      next = timeline.spawn("next") { fiber throws(Killed) in try await queue.wait(fiber) }
    }
    timeline.spawn("waker") { fiber throws(Killed) in
      try await fiber.sleep(20)
      #expect(queue.count == 1)
      #expect(queue.wakeOne() === next)
      #expect(queue.wakeOne() == nil)
    }
    #expect(
      killed(timeline) { fiber throws(Killed) in try await queue.wait(fiber) } == "killed at 10")
    #expect(queue.isEmpty)
  }

  @Test func aFiberThatWasNotStartedNeverRunsItsBody() {
    let timeline = Timeline()
    var ran = false
    let fiber = timeline.spawn("stillborn") { _ in ran = true }
    fiber.kill()
    timeline.run()
    #expect(!ran)
    #expect(timeline.fiberCount == 0)
  }

  @Test func aWakeThatWasDeliveredBeforeTheKillIsReceived() {
    let timeline = Timeline()
    let queue = WaitQueue()
    var log: [String] = []
    let victim = timeline.spawn("victim") { fiber throws(Killed) in
      try await queue.wait(fiber)
      log.append("woken")
      do { try await fiber.sleep(1) } catch {
        log.append("killed at \(timeline.now.nanoseconds)")
        throw Killed()
      }
    }
    timeline.spawn("killer") { _ in
      queue.wakeOne()
      victim.kill()
    }
    timeline.run()
    #expect(log == ["woken", "killed at 0"])
  }

  @Test func aKilledFiberCannotSleepSpendOrWaitAgain() {
    let timeline = Timeline()
    let queue = WaitQueue()
    var refused = 0
    let victim = timeline.spawn("stubborn") { fiber throws(Killed) in
      do { try await fiber.park() } catch { refused += 1 }
      do { try await fiber.sleep(1) } catch { refused += 1 }
      do { try await fiber.spend(1) } catch { refused += 1 }
      do { try await queue.wait(fiber) } catch { refused += 1 }
      do { _ = try await queue.wait(fiber, atMost: 1) } catch { refused += 1 }
    }
    timeline.spawn("killer") { _ in victim.kill() }
    timeline.run()
    #expect(refused == 5)
    #expect(queue.isEmpty)
    #expect(timeline.now == .boot)
  }

  @Test func shutdownUnwindsEveryFiberOldestFirst() {
    let timeline = Timeline()
    let queue = WaitQueue()
    let log = Log()
    for name in ["sleeping", "waiting", "parked"] {
      timeline.spawn(name) { fiber throws(Killed) in
        defer { log.note(fiber.name) }
        switch name {
        case "sleeping": try await fiber.sleep(.seconds(1))
        case "waiting": try await queue.wait(fiber)
        default: try await fiber.park()
        }
      }
    }
    timeline.run(until: Instant(nanoseconds: 10))
    timeline.spawn("unstarted") { fiber in log.note(fiber.name) }
    timeline.shutdown()
    #expect(log.lines == ["sleeping", "waiting", "parked"])
    #expect(timeline.fiberCount == 0)
    #expect(queue.isEmpty)
    #expect(timeline.now == Instant(nanoseconds: 10))
    timeline.shutdown()
  }

  @Test func whatIsSpawnedDuringShutdownNeverRuns() {
    let timeline = Timeline()
    var ran = false
    timeline.spawn("heir maker") { fiber throws(Killed) in
      defer { timeline.spawn("heir") { _ in ran = true } }
      try await fiber.park()
    }
    timeline.run()
    timeline.shutdown()
    #expect(!ran)
    #expect(timeline.fiberCount == 0)
  }

  @Test func endedFibersAreForgottenAndFreed() {
    weak var watchedTimeline: Timeline?
    weak var watchedFiber: Fiber?
    do {
      let timeline = Timeline()
      watchedTimeline = timeline
      watchedFiber = timeline.spawn("one") { fiber throws(Killed) in try await fiber.sleep(1) }
      timeline.spawn("other") { fiber throws(Killed) in try await fiber.park() }
      timeline.run()
      #expect(watchedFiber == nil)
      for _ in 0..<100 {
        for _ in 0..<100 { timeline.spawn("brief") { _ in } }
        timeline.run()
        #expect(timeline.fiberCount == 1)
      }
      timeline.shutdown()
    }
    #expect(watchedTimeline == nil)
  }

  @Test func aFiberThatAwaitsAnotherExecutorStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      let timeline = Timeline()
      timeline.spawn("lost") { _ in
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
      }
      timeline.run()
    }
  }
}
