// SPDX-License-Identifier: Apache-2.0
// Where fibers wait for something to become true: first come, first woken.
//
// The queue is a doubly linked list through the fibers themselves, for a fiber waits in one place
// at a time. So a fiber that is killed or whose time is up leaves from the middle in O(1), and the
// queue never holds one that is not asleep in it. Waking makes fibers ready; they run later, in the
// order in which they were woken, and what they waited for may have changed again by then.

/// A queue of sleeping fibers of one timeline.
package final class WaitQueue {
  private var first: Fiber?
  private var last: Fiber?
  private var waiting = 0

  package init() {}

  package var count: Int { waiting }
  package var isEmpty: Bool { waiting == 0 }

  /// Sleeps until woken.
  package func wait(_ fiber: Fiber) async throws(Killed) {
    _ = try await fiber.suspend(until: nil, in: self)
  }

  /// Sleeps until woken, but no longer than `limit`; answers whether it was woken.
  package func wait(_ fiber: Fiber, atMost limit: Nanoseconds) async throws(Killed) -> Bool {
    try await fiber.suspend(until: fiber.timeline.now + limit, in: self)
  }

  /// Wakes the fiber that has waited longest and answers it; nil when nobody waits.
  @discardableResult
  package func wakeOne() -> Fiber? {
    guard let fiber = first else { return nil }
    fiber.unpark()
    return fiber
  }

  /// Wakes everyone who waits now; answers how many that were.
  @discardableResult
  package func wakeAll() -> Int {
    let woken = waiting
    while let fiber = first { fiber.unpark() }
    return woken
  }

  func append(_ fiber: Fiber) {
    precondition(fiber.queue == nil, "\(fiber.name) waits in two queues")
    fiber.queue = self
    fiber.queuePrevious = last
    if let last { last.queueNext = fiber } else { first = fiber }
    last = fiber
    waiting += 1
  }

  func remove(_ fiber: Fiber) {
    let (previous, next) = (fiber.queuePrevious, fiber.queueNext)
    if let previous { previous.queueNext = next } else { first = next }
    if let next { next.queuePrevious = previous } else { last = previous }
    fiber.queuePrevious = nil
    fiber.queueNext = nil
    fiber.queue = nil
    waiting -= 1
  }
}
