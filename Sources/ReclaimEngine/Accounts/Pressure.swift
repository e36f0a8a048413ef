// SPDX-License-Identifier: Apache-2.0
// Who waits for memory: every task's state, counted in its cgroup, each of its ancestors and the
// machine (reference 14 §14.2).
//
// A task waits for memory while a charge makes it reclaim, while memory.high makes it sleep, and
// while it reads back what it had to give up: pages of the working set. What somebody asks for, by
// memory.reclaim or by writing a limit, is no stall.

import Timeline
import UAPI

final class Pressure {
  private let tree: MemcgTree
  private let timeline: Timeline
  private let profile: KernelProfile
  /// By number of the cgroup; the root's is the machine's.
  private var groups: [PressureGroup?] = []
  private var watchers: [(memcg: UInt16, queue: WaitQueue)] = []

  init(_ tree: MemcgTree, _ timeline: Timeline, _ profile: KernelProfile) {
    self.tree = tree
    self.timeline = timeline
    self.profile = profile
    made(MemcgTree.rootNumber)
  }

  /// A cgroup has been made.
  func made(_ memcg: UInt16) {
    while groups.count <= Int(memcg) { groups.append(nil) }
    groups[Int(memcg)] = PressureGroup(profile, now: timeline.now)
  }

  /// A task's state changes, or its cgroup does.
  func change(_ task: SimTask, to state: PressureState, in memcg: UInt16) {
    if task.pressure == state, task.memcg == memcg { return }
    count(task.pressure, -1, task.memcg)
    count(state, 1, memcg)
    task.pressure = state
  }

  /// A thread of the kernel stalls the machine, or has ceased to: kswapd while it reclaims.
  func kernelThread(stalls: Bool) {
    count(
      PressureState(isRunnable: true, isStalled: true), stalls ? 1 : -1, MemcgTree.rootNumber)
  }

  /// It goes to sleep in the middle of that, or is awake again.
  func kernelThread(sleeps: Bool) {
    let change = sleeps ? 1 : -1
    count(PressureState(isRunnable: true, isStalled: true), -change, MemcgTree.rootNumber)
    count(PressureState(isRunnable: false, isStalled: true), change, MemcgTree.rootNumber)
  }

  private func count(_ state: PressureState, _ change: Int, _ memcg: UInt16) {
    if state == PressureState() { return }
    let now = timeline.now
    var at = memcg
    while at != 0 {
      let wasSome = groups[Int(at)]!.isSome
      groups[Int(at)]!.count(state, change, now: now)
      if !wasSome, groups[Int(at)]!.isSome {
        for watcher in watchers where watcher.memcg == at { watcher.queue.wakeAll() }
      }
      at = tree.rows[Int(at)].parent
    }
  }

  func snapshot(of memcg: UInt16) -> PressureSnapshot {
    groups[Int(memcg)]!.snapshot(now: timeline.now)
  }

  func total(of memcg: UInt16, isFull: Bool) -> Nanoseconds {
    groups[Int(memcg)]!.total(isFull: isFull, now: timeline.now)
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
      if state.isQuiet(at: timeline.now, trigger.window), !groups[Int(memcg)]!.isSome {
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
}
