// SPDX-License-Identifier: Apache-2.0
// One simulated flow of control: a task, kswapd, a flusher.
//
// A fiber's body is an `async` function; where it says `try await` it may sleep, and nowhere else
// does anything change behind its back. A fiber sleeps in one place at a time: parked, with or
// without a timer, in at most one wait queue. Whatever ends the sleep (a wake, the timer, a kill)
// goes through `wake`, which takes the fiber out of the other places, so that none of them ever
// holds a fiber that no longer sleeps there.
//
// A wake that was delivered is received: a fiber killed after its wake, before it ran again, still
// returns from that sleep as woken and learns of its death where it would sleep next. So what is
// handed over with a wake (a processor, a page) always has an owner who can give it back.
//
// This file and Timeline.swift are the only ones that know of continuations. It is sound here
// because one thread runs all of a timeline: a continuation is stored before its fiber's job
// returns to the loop, resumed at most once (`wake` clears it first), and every fiber still asleep
// is resumed by `Timeline.shutdown`.

/// Thrown where a fiber was asleep and will never be woken for what it waited for.
package struct Killed: Error { package init() {} }

/// One simulated flow of control. Everything that may sleep is given the fiber that sleeps.
package final class Fiber {
  private enum Wake { case woken, timedOut, killed }

  package let name: String
  let timeline: Timeline
  let clock: ClockCell

  private var continuation: UnsafeContinuation<Wake, Never>?
  private var timer: TimerQueue<Fiber>.Token?
  private var killed = false

  /// Its place among the living fibers of the timeline.
  var rosterSlot = 0
  /// The queue it waits in, and its neighbours there.
  var queue: WaitQueue?
  var queueNext: Fiber?
  var queuePrevious: Fiber?
  /// The processor it is on.
  var seat: Processors.Seat?
  /// Its share of a processor that is shared fairly.
  var share: FairProcessor.Share?
  /// The number of the one it was on last.
  var lastProcessor = 0

  init(name: String, timeline: Timeline) {
    self.name = name
    self.timeline = timeline
    clock = timeline.clock
  }

  package var isKilled: Bool { killed }
  package var isParked: Bool { continuation != nil }
  /// The number of the processor it holds; nil while it holds none.
  package var processor: Int? { seat?.number }

  /// Sleeps until somebody calls `unpark`. A processor it holds is given up.
  package func park() async throws(Killed) { _ = try await suspend(until: nil) }

  /// Ends the sleep of a parked fiber, wherever it sleeps; nothing happens to one that is awake.
  package func unpark() { wake(.woken) }

  /// Ends the fiber: where it sleeps, or would sleep next, `Killed` is thrown. One that has not
  /// started yet never runs its body.
  package func kill() {
    killed = true
    guard isParked else { return }
    leaveProcessor()
    wake(.killed)
  }

  /// Sleeps for `duration`, or until `unpark`. A processor it holds is given up.
  package func sleep(_ duration: Nanoseconds) async throws(Killed) {
    _ = try await suspend(until: timeline.now + duration)
  }

  /// The synchronous half of `spend`: lets `duration` pass if nothing else can happen meanwhile (no
  /// job is ready, no timer is due by then, the run does not end before). Answers whether it did.
  package func trySpend(_ duration: Nanoseconds) -> Bool {
    clock.tryAdvance(by: duration)
  }

  /// Uses CPU time without taking turns with anyone: others that are due meanwhile run first.
  /// For turns on a limited number of CPUs see `Processors.spend`.
  package func spend(_ duration: Nanoseconds) async throws(Killed) {
    if killed { throw Killed() }
    if trySpend(duration) { return }
    _ = try await suspend(until: timeline.now + duration, keepingProcessor: true)
  }

  /// Sleeps, in `queue` if one is given, until woken (true) or until `due` (false).
  func suspend(
    until due: Instant?, in queue: WaitQueue? = nil, keepingProcessor: Bool = false
  ) async throws(Killed) -> Bool {
    if killed { throw Killed() }
    precondition(continuation == nil, "\(name) was put to sleep by somebody else while it slept")
    if !keepingProcessor { leaveProcessor() }
    if let due { timer = timeline.schedule(self, at: due) }
    queue?.append(self)
    timeline.countAsleep(1)
    let reason = await withUnsafeContinuation { continuation = $0 }
    switch reason {
    case .woken: return true
    case .timedOut: return false
    case .killed: throw Killed()
    }
  }

  /// The timeline took this fiber's timer from its queue: it is due.
  func timerFired() {
    timer = nil
    wake(.timedOut)
  }

  /// The body has ended.
  func end() {
    leaveProcessor()
    timeline.forget(self)
  }

  func leaveProcessor() {
    seat?.processors.release(self)
    share?.leave()
  }

  private func wake(_ reason: Wake) {
    guard let sleeper = continuation else { return }
    continuation = nil
    timeline.countAsleep(-1)
    if let timer {
      timeline.cancel(timer)
      self.timer = nil
    }
    queue?.remove(self)
    sleeper.resume(returning: reason)
  }
}
