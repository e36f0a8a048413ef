// SPDX-License-Identifier: Apache-2.0
// The CPUs of a machine, on which fibers take turns.
//
// A fiber that spends CPU time must be on a processor. It takes the one it was on last, or the
// idle one with the lowest number; when all are taken it waits, first come, first served. It stays
// there until it sleeps somewhere else (a disk, a lock, a throttle: then it leaves, whether it
// thinks of it or not), ends, or its time slice is over while somebody waits. A slice that ends
// with nobody waiting begins anew. After a sleep elsewhere the fiber is on no processor until it
// spends again, or asks for one by `acquire`.
//
// A processor given up is handed to the first in line at once, not thrown among whoever asks next:
// the order of service is the order of asking, whatever runs in between. Spending is cut into
// slices only while it has to sleep; alone on the timeline it passes in one step.

/// A fixed number of processors, shared by fibers of one timeline.
package final class Processors {
  struct Seat {
    let processors: Processors
    let number: Int
    /// When somebody else may have the processor.
    var sliceEnd: Instant
  }

  private let slice: Nanoseconds
  private var holders: [Fiber?]
  private let line = WaitQueue()

  /// `slice` is how long a fiber may stay while others wait.
  package init(count: Int, slice: Nanoseconds = .milliseconds(4)) {
    precondition(count > 0 && slice > .zero, "a machine without processors or without turns")
    self.slice = slice
    holders = Array(repeating: nil, count: count)
  }

  package var count: Int { holders.count }
  /// How many fibers wait for a processor.
  package var waitingCount: Int { line.count }
  /// The fiber on one processor; nil when it is idle.
  package func holder(of number: Int) -> Fiber? { holders[number] }

  /// Puts the fiber on a processor, once one is free, and answers its number. One that is on a
  /// processor already keeps it.
  @discardableResult
  package func acquire(_ fiber: Fiber) async throws(Killed) -> Int {
    while true {
      if let number = take(fiber) { return number }
      try await line.wait(fiber)
    }
  }

  /// The fiber leaves its processor, if it is on one, to the first who waits.
  package func release(_ fiber: Fiber) {
    guard let seat = fiber.seat else { return }
    precondition(seat.processors === self, "\(fiber.name) is on a processor of another machine")
    fiber.seat = nil
    holders[seat.number] = nil
    if let next = line.wakeOne() { put(next, on: seat.number) }
  }

  /// The synchronous half of `spend`: lets `duration` pass if the fiber is on a processor or one is
  /// idle, its slice lasts or nobody waits, and nothing else can happen meanwhile.
  package func trySpend(_ duration: Nanoseconds, _ fiber: Fiber) -> Bool {
    guard take(fiber) != nil, let seat = fiber.seat else { return false }
    let isWithinSlice = fiber.clock.now + duration <= seat.sliceEnd
    guard isWithinSlice || line.isEmpty, fiber.trySpend(duration) else { return false }
    if !isWithinSlice { renewSlice(of: fiber) }
    return true
  }

  /// Uses `duration` of CPU time, in turns with the others that want a processor.
  package func spend(_ duration: Nanoseconds, _ fiber: Fiber) async throws(Killed) {
    if fiber.isKilled { throw Killed() }
    if trySpend(duration, fiber) { return }
    var left = duration
    while left > .zero {
      try await beginStep(fiber)
      let step = min(left, sliceLeft(of: fiber))
      try await fiber.spend(step)
      left = left - step
    }
  }

  /// Puts the fiber on a processor with some of a slice before it. One whose slice is over goes to
  /// the end of the line if there is one.
  private func beginStep(_ fiber: Fiber) async throws(Killed) {
    if fiber.seat != nil, sliceLeft(of: fiber) == .zero {
      if line.isEmpty { renewSlice(of: fiber) } else { release(fiber) }
    }
    try await acquire(fiber)
  }

  private func sliceLeft(of fiber: Fiber) -> Nanoseconds {
    guard let seat = fiber.seat, fiber.clock.now < seat.sliceEnd else { return .zero }
    return seat.sliceEnd - fiber.clock.now
  }

  private func renewSlice(of fiber: Fiber) { fiber.seat?.sliceEnd = fiber.clock.now + slice }

  /// The number of the fiber's processor, taking an idle one if it has none.
  private func take(_ fiber: Fiber) -> Int? {
    if let seat = fiber.seat {
      precondition(seat.processors === self, "\(fiber.name) is on a processor of another machine")
      return seat.number
    }
    let last = fiber.lastProcessor
    guard let number = holders[last] == nil ? last : holders.firstIndex(where: { $0 == nil })
    else { return nil }
    put(fiber, on: number)
    return number
  }

  private func put(_ fiber: Fiber, on number: Int) {
    holders[number] = fiber
    fiber.lastProcessor = number
    fiber.seat = Seat(processors: self, number: number, sliceEnd: fiber.clock.now + slice)
  }
}
