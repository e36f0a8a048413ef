// SPDX-License-Identifier: Apache-2.0
// What it costs to charge CPU time when nobody else is due: once per batch of pages.

import Timeline

struct SpendingBenchmark: Benchmark {
  let name = "spending"

  func measure(_ settings: Settings, _ report: inout Report) {
    let times = settings.items
    report.add(
      "spend, synchronous half",
      median(rounds: settings.rounds) {
        alone { fiber in
          nanosecondsPerItem(times) { Self.trySpend(fiber, times) }
        }
      }, target: .nanoseconds(4))
    report.add(
      "spend, awaited",
      median(rounds: settings.rounds) {
        alone { fiber throws(Killed) in
          let start = nanosecondsNow()
          for _ in 0..<times { try await fiber.spend(3) }
          return Double(nanosecondsNow() - start) / Double(times)
        }
      }, target: .nanoseconds(20))
    report.add(
      "spend on a processor, synchronous half",
      median(rounds: settings.rounds) {
        let processors = Processors(count: 4)
        return alone { fiber in
          nanosecondsPerItem(times) { Self.trySpend(fiber, on: processors, times) }
        }
      }, target: .nanoseconds(10))
  }

  /// Runs `body` as the only fiber of a timeline and answers what it answers.
  private func alone(_ body: @escaping (Fiber) async throws(Killed) -> Double) -> Double {
    let timeline = Timeline()
    var figure = Double.nan
    timeline.spawn("spender") { fiber throws(Killed) in figure = try await body(fiber) }
    timeline.run()
    return figure
  }

  @inline(never) private static func trySpend(_ fiber: Fiber, _ times: Int) {
    for _ in 0..<times where !fiber.trySpend(3) { preconditionFailure("refused when alone") }
  }

  @inline(never)
  private static func trySpend(_ fiber: Fiber, on processors: Processors, _ times: Int) {
    for _ in 0..<times where !processors.trySpend(3, fiber) {
      preconditionFailure("refused when alone")
    }
  }
}
