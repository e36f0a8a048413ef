// SPDX-License-Identifier: Apache-2.0
// Who waits for memory: every task's state, counted in its cgroup, each of its ancestors and the
// machine (reference 14 §14.2).
//
// A task waits for memory while a charge makes it reclaim, while memory.high makes it sleep, and
// while it reads back what it had to give up: pages of the working set, on old kernels whatever was
// in swap. What somebody asks for, by memory.reclaim or by writing a limit, is no stall.
//
// On old kernels who reclaims counts as running; but a tick that finds such a one on the CPU takes
// the time for lost. So it matters which of them has the CPU, not only how many there are.

import Timeline
import UAPI

final class Pressure {
  private let tree: MemcgTree
  private let timeline: Timeline
  private let profile: KernelProfile
  /// By number of the cgroup; the root's is the machine's.
  private var groups: UnsafeMutablePointer<PressureGroup>
  private var capacity = 16
  /// Threads that wait for memory, in the order in which they began, and the one that has the CPU.
  private var stalled: [(fiber: Fiber, memcg: UInt16)] = []
  private var running: Fiber?
  /// Ticks tell who has the CPU; where the kernel does not ask them nobody pays for looking.
  private let samplesTicks: Bool
  /// Up to when ticks have been looked at.
  private var tickedAt: Instant
  private var watchers: [(memcg: UInt16, queue: WaitQueue)] = []

  init(_ tree: MemcgTree, _ timeline: Timeline, _ profile: KernelProfile) {
    self.tree = tree
    self.timeline = timeline
    self.profile = profile
    samplesTicks = profile.pressureFull == .nobodyRuns
    tickedAt = timeline.now
    groups = .allocate(capacity: capacity)
    groups.initialize(repeating: PressureGroup(profile, now: timeline.now), count: capacity)
  }

  deinit { groups.deallocate() }

  /// A cgroup has been made.
  func made(_ memcg: UInt16) {
    while capacity <= Int(memcg) { grow() }
    groups[Int(memcg)] = PressureGroup(profile, now: timeline.now)
  }

  private func grow() {
    let larger = UnsafeMutablePointer<PressureGroup>.allocate(capacity: 2 * capacity)
    larger.moveInitialize(from: groups, count: capacity)
    (larger + capacity).initialize(
      repeating: PressureGroup(profile, now: timeline.now), count: capacity)
    groups.deallocate()
    groups = larger
    capacity *= 2
  }

  // MARK: who has the CPU

  /// Another thread has the CPU from now on.
  func switched(to fiber: Fiber?) {
    noteTicks()
    running = fiber
  }

  /// Ticks since the last look found the one who has had the CPU since.
  private func noteTicks() {
    guard samplesTicks, timeline.now != tickedAt else { return }
    let now = timeline.now, tick = profile.numbers.tick
    defer { tickedAt = now }
    guard now.nanoseconds / tick != tickedAt.nanoseconds / tick, let running,
      let found = stalled.first(where: { $0.fiber === running })
    else { return }
    var at = found.memcg
    while at != 0 {
      groups[Int(at)].ticks(from: tickedAt, to: now)
      at = tree.rows[Int(at)].parent
    }
  }

  private func note(_ fiber: Fiber, isStalled: Bool, in memcg: UInt16) {
    guard samplesTicks else { return }
    noteTicks()
    stalled.removeAll { $0.fiber === fiber }
    if isStalled { stalled.append((fiber, memcg)) }
  }

  // MARK: states

  /// A task's state changes, or its cgroup does.
  func change(_ task: SimTask, to state: PressureState, in memcg: UInt16) {
    if task.memcg == memcg {
      if task.pressure == state { return }
      count(from: task.pressure, to: state, memcg)
    } else {
      count(from: task.pressure, to: PressureState(), task.memcg)
      count(from: PressureState(), to: state, memcg)
    }
    task.pressure = state
    note(task.fiber, isStalled: state.isStalled, in: memcg)
  }

  /// A thread of the kernel stalls the machine, or has ceased to: kswapd while it reclaims.
  func kernelThread(_ thread: SimThread, stalls: Bool) {
    note(thread.fiber, isStalled: stalls, in: MemcgTree.rootNumber)
    let idle = PressureState(), reclaiming = PressureState(isRunnable: true, isStalled: true)
    count(
      from: stalls ? idle : reclaiming, to: stalls ? reclaiming : idle, MemcgTree.rootNumber)
  }

  /// It goes to sleep in the middle of that, or is awake again.
  func kernelThread(sleeps: Bool) {
    count(
      from: PressureState(isRunnable: sleeps, isStalled: true),
      to: PressureState(isRunnable: !sleeps, isStalled: true), MemcgTree.rootNumber)
  }

  private func count(from old: PressureState, to new: PressureState, _ memcg: UInt16) {
    if old == new { return }
    noteTicks()
    let now = timeline.now
    var at = memcg
    while at != 0 {
      let group = groups + Int(at)
      let wasSome = group.pointee.isSome
      group.pointee.count(from: old, to: new, now: now)
      if _slowPath(!watchers.isEmpty), !wasSome, group.pointee.isSome {
        for watcher in watchers where watcher.memcg == at { watcher.queue.wakeAll() }
      }
      at = tree.rows[Int(at)].parent
    }
  }

  /// A running task of a cgroup waits for memory that long, beginning now.
  func stall(for duration: Nanoseconds, in memcg: UInt16) {
    var at = memcg
    while at != 0 {
      groups[Int(at)].stall(for: duration, now: timeline.now)
      if _slowPath(!watchers.isEmpty) {
        for watcher in watchers where watcher.memcg == at { watcher.queue.wakeAll() }
      }
      at = tree.rows[Int(at)].parent
    }
  }

  func snapshot(of memcg: UInt16) -> PressureSnapshot {
    noteTicks()
    return groups[Int(memcg)].snapshot(now: timeline.now)
  }

  func total(of memcg: UInt16, isFull: Bool) -> Nanoseconds {
    noteTicks()
    return groups[Int(memcg)].total(isFull: isFull, now: timeline.now)
  }

  // MARK: triggers

  /// A trigger that has just been set.
  func newState(of memcg: UInt16, _ trigger: PressureTrigger) -> TriggerState {
    TriggerState(total: total(of: memcg, isFull: trigger.isFull), at: timeline.now)
  }

  /// Returns when the trigger has an event: the stall time within a window has reached its
  /// threshold (reference 28 §28.5).
  func wait(for trigger: PressureTrigger, of memcg: UInt16, _ state: TriggerState, _ fiber: Fiber)
    async throws(Killed)
  {
    let step = Nanoseconds(trigger.window.count / 10)
    while true {
      let growth = state.growth(
        total: total(of: memcg, isFull: trigger.isFull), at: timeline.now, trigger.window)
      if growth.count >= trigger.threshold.count, timeline.now >= state.quietUntil {
        state.quietUntil = timeline.now + trigger.window
        return
      }
      if state.isQuiet(at: timeline.now, trigger.window), !groups[Int(memcg)].isSome {
        try await waitForStall(in: memcg, fiber)
        state.begin(total: total(of: memcg, isFull: trigger.isFull), at: timeline.now)
      }
      try await fiber.sleep(step)
    }
  }

  private func waitForStall(in memcg: UInt16, _ fiber: Fiber) async throws(Killed) {
    let queue = WaitQueue()
    watchers.append((memcg, queue))
    defer { watchers.removeAll { $0.queue === queue } }
    try await queue.wait(fiber)
  }
}

/// What a trigger remembers of its window.
final class TriggerState {
  private var windowBegan: Instant
  private var totalThen: Nanoseconds
  private var growthBefore: Nanoseconds = 0
  private var lastTotal: Nanoseconds
  private var grewAt: Instant
  /// At most one event a window: until then there is none.
  var quietUntil: Instant

  init(total: Nanoseconds, at now: Instant) {
    windowBegan = now
    totalThen = total
    lastTotal = total
    grewAt = now
    quietUntil = now
  }

  /// Stalls come again after a pause.
  func begin(total: Nanoseconds, at now: Instant) {
    windowBegan = now
    totalThen = total
    lastTotal = total
    growthBefore = 0
    grewAt = now
  }

  /// Growth within a window that ends now: what is new, and of the window before the share that
  /// still lies in it.
  func growth(total: Nanoseconds, at now: Instant, _ window: Nanoseconds) -> Nanoseconds {
    if total != lastTotal {
      lastTotal = total
      grewAt = now
    }
    let new = total - totalThen
    let elapsed = now - windowBegan
    if elapsed.count > window.count {
      growthBefore = new
      windowBegan = now
      totalThen = total
      return new
    }
    let before = growthBefore.count.multipliedFullWidth(by: window.count - elapsed.count)
    return new + Nanoseconds(window.count.dividingFullWidth(before).quotient)
  }

  /// Nothing has come for a whole window.
  func isQuiet(at now: Instant, _ window: Nanoseconds) -> Bool {
    (now - grewAt).count >= window.count
  }
}

extension Memory {
  /// The task waits for memory from here on, until `endStall`.
  func beginStall(_ task: SimTask) {
    pressure.change(
      task, to: PressureState(isRunnable: task.pressure.isRunnable, isStalled: true),
      in: task.memcg)
  }

  func endStall(_ task: SimTask) {
    pressure.change(
      task, to: PressureState(isRunnable: task.pressure.isRunnable, isStalled: false),
      in: task.memcg)
  }

  /// The task goes to sleep, or is awake again.
  func setRunnable(_ isRunnable: Bool, _ task: SimTask) {
    pressure.change(
      task, to: PressureState(isRunnable: isRunnable, isStalled: task.pressure.isStalled),
      in: task.memcg)
  }

  /// A page is read from swap: for a part of the time that it costs its reader waits for memory
  /// (reference 14 §14.2).
  @inline(__always) func noteSwapRead(_ flags: FolioFlags, _ part: UInt64, _ task: SimTask) {
    switch profile.swapReadStall {
    case .always: break
    case .ofWorkingset: if !flags.contains(.workingset) { return }
    }
    if task.pressure.isStalled { return }
    pressure.stall(for: Nanoseconds(part), in: task.memcg)
  }
}
