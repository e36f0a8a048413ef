// SPDX-License-Identifier: Apache-2.0
// The OOM reaper: takes the memory of a victim that does not come to die (reference 12 §12.8).
//
//   marked    a timer of two seconds starts; whoever has given its memory back by then stops it
//   woken     a thread of the kernel, which competes for the CPU like any other
//   reaps     unmaps what is private to the victim; what it shares, other tasks may still use
//   retries   ten times in all, a tenth of a second apart, while the victim's areas are changed
//   skipped   whether that worked or not: nobody waits for this victim any more, and another task
//             may be chosen
//
// The victim dies when it comes out of the kernel, as if nothing had happened: what it held is
// gone, its page tables and what it shared go then. A fault that was under way meanwhile may have
// given it a page more. Victims are looked after in the order in which they were marked.

import Timeline
import UAPI

final class OomReaper {
  static let attempts = 10
  static let pause = Nanoseconds.milliseconds(100)

  let thread: SimThread
  private let timer: Fiber
  private var pending: [(victim: SimTask, due: Instant)] = []
  private var queue: [SimTask] = []
  private var isIdle = false

  init(_ thread: SimThread, timer: Fiber) {
    self.thread = thread
    self.timer = timer
  }

  // MARK: the timer

  func start(for victim: SimTask, due: Instant) {
    pending.append((victim, due))
    timer.unpark()
  }

  /// The victim has given its memory back: a timer that still runs would find nothing to do.
  func stop(for victim: SimTask) {
    guard let at = pending.firstIndex(where: { $0.victim === victim }) else { return }
    pending.remove(at: at)
    timer.unpark()
  }

  var nextDue: Instant? { pending.first?.due }

  /// The victim whose timer is due goes to the thread.
  func wakeForNext() -> SimTask {
    let victim = pending.removeFirst().victim
    queue.append(victim)
    if isIdle { thread.wake() }
    return victim
  }

  // MARK: the thread

  /// The next victim; sleeps until there is one.
  func next() async throws(Killed) -> SimTask {
    while queue.isEmpty {
      isIdle = true
      defer { isIdle = false }
      _ = try await thread.sleep()
    }
    return queue.removeFirst()
  }
}

extension Memory {
  /// The reaper's timers, which take no CPU time of anybody.
  func runReaperTimer(_ fiber: Fiber) async throws(Killed) {
    while true {
      guard let due = reaper.nextDue else {
        try await fiber.park()
        continue
      }
      if due > timeline.now {
        try await fiber.sleep(due - timeline.now)
      } else {
        tracer.reaper(.wake, reaper.wakeForNext())
      }
    }
  }

  /// The life of oom_reaper.
  func runReaper() async throws(Killed) {
    while true {
      let victim = try await reaper.next()
      try await reaper.thread.spend(profile.costs.reaperBegin)
      var attempts = 1
      while await !tryReaping(victim), attempts < OomReaper.attempts {
        _ = try await reaper.thread.sleep(atMost: OomReaper.pause)
        attempts += 1
      }
      victim.isOomSkipped = true
    }
  }

  /// One attempt.
  /// - Returns: false when the victim's areas were just being changed.
  private func tryReaping(_ victim: SimTask) async -> Bool {
    let lock = victim.space.lock
    guard lock.tryLockByReaper() else {
      tracer.reaper(.skip, victim)
      return false
    }
    defer { lock.unlockByReaper() }
    if victim.isOomSkipped {
      tracer.reaper(.skip, victim)
      return true
    }
    tracer.reaper(.start, victim)
    await reap(victim)
    tracer.reaper(.finish, victim)
    return true
  }

  private func reap(_ victim: SimTask) async {
    let thread = reaper.thread
    var gather = FreedGather()
    switch profile.reapedAreas {
    case .unlocked:
      break  // What a program held before the machine was handed over is locked.
    case .lockedToo:
      await freeProgramData(victim, thread, &gather)
    }
    for area in victim.space.areas where !area.isShared {
      for range in reapable(area) { await empty(area, range, thread, &gather) }
    }
    await finish(&gather, thread)
  }

  /// The parts of a private area that the reaper unmaps.
  private func reapable(_ area: Area) -> [Range<Int>] {
    switch profile.reapedAreas {
    case .lockedToo: return [0..<area.pages]
    case .unlocked: return area.unlocked
    }
  }
}
