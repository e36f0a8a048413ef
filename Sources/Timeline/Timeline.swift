// SPDX-License-Identifier: Apache-2.0
// The loop, the only executor: ready jobs first in, first out; then the earliest timer; again.

/// Thrown where a fiber was asleep and will never be woken for what it waited for.
package struct Killed: Error { package init() {} }

/// One simulated flow of control. Everything that may sleep is given the fiber that sleeps.
package final class Fiber {
  package let name: String
  unowned let timeline: Timeline
  private var wake: UnsafeContinuation<Bool, Never>?
  fileprivate var epoch: UInt64 = 0
  private var killed = false
  package var isKilled: Bool { killed }
  package var isParked: Bool { wake != nil }

  init(name: String, timeline: Timeline) {
    self.name = name
    self.timeline = timeline
  }

  package func park() async throws(Killed) {
    if killed { throw Killed() }
    let alive = await withUnsafeContinuation { wake = $0 }
    guard alive else { throw Killed() }
  }
  package func unpark() {
    if let w = wake {
      wake = nil
      epoch &+= 1
      w.resume(returning: true)
    }
  }
  package func kill() {
    killed = true
    if let w = wake {
      wake = nil
      epoch &+= 1
      w.resume(returning: false)
    }
  }
  package func sleep(_ duration: Nanoseconds) async throws(Killed) {
    timeline.schedule(self, at: timeline.now + duration)
    try await park()
  }
  /// The synchronous half of `spend`: moves the clock if nobody else is due before that moment.
  package func trySpend(_ duration: Nanoseconds) -> Bool {
    timeline.advance(ifIdleUntil: timeline.now + duration)
  }
  package func spend(_ duration: Nanoseconds) async throws(Killed) {
    if trySpend(duration) { return }
    try await sleep(duration)
  }
}

package final class Timeline: TaskExecutor, @unchecked Sendable {
  private var clock = Instant.boot
  package var now: Instant { clock }
  private var ready: [UnownedJob] = []
  private var head = 0
  private var sequence: UInt64 = 0
  private var timers: [(at: Instant, sequence: UInt64, fiber: Fiber, epoch: UInt64)] = []
  private var fibers: [Fiber] = []

  package init() {}

  package func enqueue(_ job: consuming ExecutorJob) { ready.append(UnownedJob(job)) }

  func schedule(_ fiber: Fiber, at due: Instant) {
    sequence += 1
    let i =
      timers.firstIndex { $0.at < due || ($0.at == due && $0.sequence < sequence) } ?? timers.count
    timers.insert((due, sequence, fiber, fiber.epoch), at: i)
  }
  func advance(ifIdleUntil t: Instant) -> Bool {
    guard head == ready.count, timers.last.map({ $0.at > t }) ?? true else { return false }
    clock = t
    return true
  }
  @discardableResult
  package func spawn(_ name: String, _ body: @escaping (Fiber) async throws(Killed) -> Void)
    -> Fiber
  {
    let fiber = Fiber(name: name, timeline: self)
    fibers.append(fiber)
    nonisolated(unsafe) let start = (fiber, body)
    Task(executorPreference: self) { do { try await start.1(start.0) } catch {} }
    return fiber
  }
  private func drain() {
    while head < ready.count {
      let job = ready[head]
      head += 1
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
    ready.removeAll(keepingCapacity: true)
    head = 0
  }
  /// Lets time pass until `end`, or until nothing is due any more.
  package func run(until end: Instant = .distantFuture) {
    drain()
    while let t = timers.last, t.at <= end {
      timers.removeLast()
      guard t.epoch == t.fiber.epoch, t.fiber.isParked else { continue }
      clock = t.at
      t.fiber.unpark()
      drain()
    }
    if end != .distantFuture, clock < end { clock = end }
  }
  /// Unwinds every fiber that is still asleep, so that nothing outlives the run.
  package func shutdown() {
    for f in fibers { f.kill() }
    drain()
  }
}
