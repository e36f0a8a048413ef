// SPDX-License-Identifier: Apache-2.0
// The loop, the only executor: ready jobs first in, first out; then the earliest timer; again.
//
// Time passes in two ways only. The loop moves the clock to the next timer when no job is ready;
// and a fiber that spends CPU time moves it itself, within the bound the loop keeps in the clock's
// cell (ClockCell.swift). Neither passes the end of the run: a fiber whose spending would pass it
// sleeps over the end and goes on in the next run.
//
// Swift's own tasks carry the fibers: each body is a Task whose executor preference is its
// timeline, so every continuation of it comes back here as one job (a test pins "one job per
// wake"). That is checked: whenever nothing is ready, every living fiber must be asleep here.
//
// Why `@unchecked Sendable` and `nonisolated(unsafe)` are sound: a body is started on this executor
// and awaits nothing but the sleeps of Fiber.swift, which resume on the executor they left. So all
// jobs are enqueued and run by the one thread that is inside `run` or `shutdown`, or enqueued by
// the caller between two of them. A timeline may pass from thread to thread between runs; it is
// never used by two at once. This file and Fiber.swift are the only ones that touch Task,
// continuations and `nonisolated(unsafe)`.

internal import DequeModule

/// A simulated clock and everything that happens by it. Whoever makes one must `shutdown` it in the
/// end: fibers that are still asleep keep it alive.
package final class Timeline: TaskExecutor, @unchecked Sendable {
  private enum Phase {
    case standing
    case running(until: Instant)
    case unwinding
  }

  let clock = ClockCell.allocate()
  private var ready = Deque<UnownedJob>()
  private var timers = TimerQueue<Fiber>()
  private var roster = Roster()
  private var asleep = 0
  private var jobsRun: UInt64 = 0
  private var phase = Phase.standing
  /// When whoever runs has to look up, besides timers: a processor asks for it.
  private var lookUpAt = Instant.distantFuture
  private var stopping = false

  /// - Parameter startingAt: what the clock shows at first.
  package init(startingAt start: Instant = .boot) { clock.set(now: start) }

  deinit { clock.deallocate() }

  package var now: Instant { clock.now }

  /// How many fibers were made and have not ended.
  package var fiberCount: Int { roster.count }

  /// How many jobs have run: one for each fiber's start, one for each time it was woken.
  package var jobCount: UInt64 { jobsRun }

  /// Makes a fiber. It starts when its turn comes in `run`, after what is ready already. When the
  /// body returns or throws, the timeline forgets the fiber.
  @discardableResult
  package func spawn(
    _ name: String, _ body: @escaping (Fiber) async throws(Killed) -> Void
  ) -> Fiber {
    let fiber = Fiber(name: name, timeline: self)
    roster.add(fiber)
    if case .unwinding = phase { fiber.kill() }
    nonisolated(unsafe) let start = (fiber, body)
    Task(executorPreference: self) {
      let (fiber, body) = start
      if !fiber.isKilled {
        // A killed fiber has nothing left to say: its owner asks `isKilled`.
        do { try await body(fiber) } catch {}
      }
      fiber.end()
    }
    return fiber
  }

  /// Lets time pass until `end`, at which the clock then stands, or, without an end, until nothing
  /// is due any more. What is due at `end` itself still happens. An end that has passed already is
  /// no time at all: nothing runs.
  package func run(until end: Instant = .distantFuture) {
    enter(.running(until: end))
    defer { leave() }
    guard end >= now else { return }
    stopping = false
    runReady()
    while !stopping, let (due, fiber) = timers.popFirst(notAfter: end) {
      clock.set(now: due)
      fiber.timerFired()
      runReady()
    }
    if !stopping, end != .distantFuture { clock.set(now: end) }
  }

  /// Ends the run that goes on as soon as nothing is ready at this moment; what is due later waits
  /// for the next run.
  package func stop() { stopping = true }

  /// Unwinds every fiber, oldest first, so that nothing outlives the run. Time stands still. What
  /// is spawned meanwhile never runs its body.
  package func shutdown() {
    enter(.unwinding)
    defer { leave() }
    for fiber in roster.living { fiber.kill() }
    runReady()
  }

  /// For Swift's runtime: a fiber's job has become ready.
  package func enqueue(_ job: consuming ExecutorJob) {
    ready.append(UnownedJob(job))
    clock.set(idleUntil: .boot)
  }

  func schedule(_ fiber: Fiber, at due: Instant) -> TimerQueue<Fiber>.Token {
    let token = timers.add(due: due, fiber)
    settleIdle()
    return token
  }

  func cancel(_ token: TimerQueue<Fiber>.Token) {
    timers.cancel(token)
    settleIdle()
  }

  func countAsleep(_ change: Int) { asleep += change }

  /// From that moment on time passes only through `tryPass` and sleeps, so that whoever spends it
  /// looks what a processor wants of it.
  func lookUp(at moment: Instant) {
    lookUpAt = moment
    settleIdle()
  }

  /// Lets `duration` pass if nothing is due meanwhile but a look at the processor.
  func tryPass(_ duration: Nanoseconds) -> Bool {
    let wanted = lookUpAt
    lookUpAt = .distantFuture
    settleIdle()
    defer { lookUp(at: wanted) }
    return clock.tryAdvance(by: duration)
  }

  func forget(_ fiber: Fiber) { roster.remove(fiber) }

  private func enter(_ next: Phase) {
    guard case .standing = phase else {
      preconditionFailure("run or shutdown was called by a fiber of the same timeline")
    }
    phase = next
  }

  private func leave() {
    phase = .standing
    settleIdle()
  }

  private func runReady() {
    let executor = asUnownedTaskExecutor()
    while let job = ready.popFirst() {
      if ready.isEmpty { settleIdle() }
      jobsRun += 1
      job.runSynchronously(on: executor)
    }
    // What an actor or another executor were to resume would run on another thread, at a time of
    // its own. The body of a closure written in main actor code belongs to the main actor.
    precondition(
      asleep == roster.count,
      "a fiber awaits what is not of its timeline: write its body in a nonisolated function")
  }

  /// Tells the clock's cell how far the running fiber may move it unasked. A timer due at the very
  /// moment a spending would end was asked for earlier and goes first; a run's end may be reached.
  private func settleIdle() {
    guard case .running(let end) = phase, ready.isEmpty else {
      clock.set(idleUntil: .boot)
      return
    }
    let afterRun = end < .distantFuture ? end + 1 : end
    clock.set(idleUntil: min(timers.earliest ?? .distantFuture, afterRun, lookUpAt))
  }
}
