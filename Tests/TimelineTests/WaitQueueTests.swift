// SPDX-License-Identifier: Apache-2.0
// Wait queues: first come, first woken; time-outs; who is still in the queue.

import Testing
import Timeline

@Suite struct WaitQueueTests {
  @Test func theFirstToComeIsTheFirstToBeWoken() {
    let timeline = Timeline()
    let queue = WaitQueue()
    let log = Log()
    for name in ["a", "b", "c"] {
      timeline.spawn(name) { fiber throws(Killed) in
        try await queue.wait(fiber)
        log.note(fiber.name)
      }
    }
    timeline.spawn("waker") { fiber throws(Killed) in
      #expect(queue.count == 3)
      #expect(queue.wakeOne()?.name == "a")
      #expect(queue.count == 2)
      try await fiber.sleep(1)
      log.note("then")
      #expect(queue.wakeAll() == 2)
      #expect(queue.isEmpty)
      #expect(queue.wakeOne() == nil)
      #expect(queue.wakeAll() == 0)
    }
    timeline.run()
    #expect(log.lines == ["a", "then", "b", "c"])
  }

  @Test func aWaitWithALimitAnswersWhetherItWasWoken() {
    let timeline = Timeline()
    let queue = WaitQueue()
    let log = Log()
    for (name, limit) in [("brief", 10), ("patient", 100), ("at the edge", 50)] {
      timeline.spawn(name) { fiber throws(Killed) in
        let woken = try await queue.wait(fiber, atMost: Nanoseconds(UInt64(limit)))
        log.note("\(name) \(woken) \(timeline.now.nanoseconds)")
      }
    }
    timeline.spawn("waker") { fiber throws(Killed) in
      try await fiber.sleep(50)  // asked for after the wait that ends at 50, which is over by then
      #expect(queue.count == 1)
      queue.wakeAll()
    }
    timeline.run()
    #expect(log.lines == ["brief false 10", "at the edge false 50", "patient true 50"])
    #expect(timeline.now == Instant(nanoseconds: 50))  // the timer of the woken one is gone
  }

  @Test func leavingFromTheMiddleKeepsTheOthersInOrder() {
    let timeline = Timeline()
    let queue = WaitQueue()
    let log = Log()
    let fibers = (0..<5).map { number in
      timeline.spawn("\(number)") { fiber throws(Killed) in
        try await queue.wait(fiber)
        log.note(fiber.name)
      }
    }
    timeline.run()
    fibers[2].kill()
    fibers[0].kill()
    fibers[4].kill()
    #expect(queue.count == 2)
    timeline.spawn("5") { fiber throws(Killed) in
      try await queue.wait(fiber)
      log.note(fiber.name)
    }
    timeline.run()
    #expect(queue.wakeAll() == 3)
    timeline.run()
    #expect(log.lines == ["1", "3", "5"])
  }

  @Test func aFiberWokenByUnparkLeavesItsQueue() {
    let timeline = Timeline()
    let queue = WaitQueue()
    let fiber = timeline.spawn("waiter") { fiber throws(Killed) in try await queue.wait(fiber) }
    timeline.run()
    #expect(queue.count == 1)
    fiber.unpark()
    #expect(queue.isEmpty)
    timeline.run()
    #expect(timeline.fiberCount == 0)
  }

  @Test func whoWaitsAgainAfterAWakeIsNotWokenTwice() {
    let timeline = Timeline()
    let queue = WaitQueue()
    var rounds = 0
    timeline.spawn("waiter") { fiber throws(Killed) in
      while true {
        try await queue.wait(fiber)
        rounds += 1
      }
    }
    timeline.run()
    queue.wakeAll()
    timeline.run()
    #expect(rounds == 1)
    #expect(queue.count == 1)
    timeline.shutdown()
  }
}
