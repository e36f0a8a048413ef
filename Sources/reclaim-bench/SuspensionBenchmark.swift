// SPDX-License-Identifier: Apache-2.0
// What it costs that a fiber sleeps: a timer or a queue, a job, and the way back into its body.

import Timeline

struct SuspensionBenchmark: Benchmark {
  let name = "suspension"
  private static let fibers = 100

  func measure(_ settings: Settings, _ report: inout Report) {
    let sleeps = settings.items / 4 / Self.fibers
    report.add(
      "fiber suspension, timer",
      median(rounds: settings.rounds) { sleeping(times: sleeps) }, target: .nanoseconds(1_000))
    report.add(
      "fiber suspension, wait queue",
      median(rounds: settings.rounds) { handingOver(times: sleeps) }, target: .nanoseconds(1_000))
  }

  /// A hundred fibers that sleep for different times, so that timers come and go in a full heap.
  private func sleeping(times: Int) -> Double {
    let timeline = Timeline()
    for number in 0..<UInt64(Self.fibers) {
      timeline.spawn("sleeper \(number)") { fiber throws(Killed) in
        for step in 0..<UInt64(times) {
          try await fiber.sleep(Nanoseconds(1 + (number + step) % 127))
        }
      }
    }
    return nanosecondsPerItem(Self.fibers * times) { timeline.run() }
  }

  /// A hundred fibers in one queue: each that is woken wakes the next and waits again.
  private func handingOver(times: Int) -> Double {
    let timeline = Timeline()
    let queue = WaitQueue()
    for number in 0..<Self.fibers {
      timeline.spawn("waiter \(number)") { fiber throws(Killed) in
        for _ in 0..<times {
          try await queue.wait(fiber)
          queue.wakeOne()
        }
      }
    }
    timeline.run()
    queue.wakeOne()
    let cost = nanosecondsPerItem(Self.fibers * times) { timeline.run() }
    precondition(timeline.fiberCount == 0, "the token was lost on its way round")
    return cost
  }
}
