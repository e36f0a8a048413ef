// SPDX-License-Identifier: Apache-2.0
// memory.pressure: averages (reference 14 §14.5), who counts, and triggers.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

/// One group with one task that runs, and a clock of its own.
struct PressureUnderTest {
  private var group: PressureGroup
  private var now = Instant.boot

  init(_ profile: KernelProfile) {
    group = PressureGroup(profile, now: .boot)
    group.count(from: PressureState(), to: PressureState(isRunnable: true), now: now)
  }

  /// Another task of the group runs from now on.
  mutating func startAnother() {
    group.count(from: PressureState(), to: PressureState(isRunnable: true), now: now)
  }

  /// The task reclaims for that long.
  mutating func stall(for duration: Nanoseconds) {
    change(
      from: PressureState(isRunnable: true), to: PressureState(isRunnable: true, isStalled: true))
    now = now + duration
    change(
      from: PressureState(isRunnable: true, isStalled: true), to: PressureState(isRunnable: true))
  }

  /// The task reclaims for that long and has the CPU all the while.
  mutating func reclaim(for duration: Nanoseconds) {
    change(
      from: PressureState(isRunnable: true), to: PressureState(isRunnable: true, isStalled: true))
    group.ticks(from: now, to: now + duration)
    now = now + duration
    change(
      from: PressureState(isRunnable: true, isStalled: true), to: PressureState(isRunnable: true))
  }

  /// The task waits for a copy that nothing interrupts.
  mutating func copy(for duration: Nanoseconds) { group.stall(for: duration, now: now) }

  mutating func run(for duration: Nanoseconds) { now = now + duration }

  private mutating func change(from: PressureState, to: PressureState) {
    group.count(from: from, to: to, now: now)
  }

  var snapshot: PressureSnapshot {
    mutating get { group.snapshot(now: now) }
  }
}

@Suite struct PressureTests {
  @Test(arguments: [KernelProfile.linux5_10, .linux6_1])
  func aCopyIsAStallUnlessThereIsOneAlready(profile: KernelProfile) {
    var pressure = PressureUnderTest(profile)
    for _ in 0..<100 {
      pressure.copy(for: 1350)
      pressure.run(for: 6000)
    }
    #expect(pressure.snapshot.some.total == 135_000)
    // Nobody else runs; what ticks would have to find, they do not find in a copy.
    #expect(pressure.snapshot.full.total == (profile.name == "6.1" ? 135_000 : 0))
    pressure.startAnother()
    pressure.copy(for: 1000)
    #expect(pressure.snapshot.some.total == 136_000)
    #expect(pressure.snapshot.full.total == (profile.name == "6.1" ? 135_000 : 0))
  }

  /// 50 % some from nothing: after periods 1 to 5.
  @Test func averagesFollowTheTable() {
    let expected10 = [905, 1647, 2254, 2752, 3159], expected60 = [163, 321, 474, 622, 766]
    var pressure = PressureUnderTest(.linux6_1)
    for k in 0..<5 {
      // Half of each two-second period, and a tick.
      pressure.stall(for: .milliseconds(1002))
      pressure.run(for: .milliseconds(1002))
      let line = pressure.snapshot.some
      #expect(line.average10 == expected10[k] && line.average60 == expected60[k])
    }
    #expect(pressure.snapshot.some.total == .milliseconds(5010))
  }

  @Test func fullIsWhenNobodyElseRuns() {
    var alone = PressureUnderTest(.linux6_1)
    alone.stall(for: .milliseconds(10))
    #expect(alone.snapshot.full.total == .milliseconds(10))
    var accompanied = PressureUnderTest(.linux6_1)
    accompanied.startAnother()
    accompanied.stall(for: .milliseconds(10))
    #expect(accompanied.snapshot.some.total == .milliseconds(10))
    #expect(accompanied.snapshot.full.total == 0)
  }

  /// 5.10 takes reclaim for running, but for what a tick finds, whoever runs besides.
  @Test(arguments: [false, true])
  func onOldKernelsATickFindsWhoReclaimsOnTheCPU(isAccompanied: Bool) {
    var pressure = PressureUnderTest(.linux5_10)
    if isAccompanied { pressure.startAnother() }
    // Waits for the CPU, which somebody else has.
    pressure.stall(for: .milliseconds(10))
    #expect(pressure.snapshot.full.total == 0)
    // From 10 to 22 ms: the tick at 12 ms adds what passed, those at 16 and 20 ms a tick.
    pressure.reclaim(for: .milliseconds(12))
    #expect(pressure.snapshot.full.total == .milliseconds(10))
    #expect(pressure.snapshot.some.total == .milliseconds(22))
  }

  @Test func theFileReadsAsTheKernelPrintsIt() {
    var pressure = PressureUnderTest(.linux6_1)
    pressure.stall(for: .milliseconds(1002))
    pressure.run(for: .milliseconds(1002))
    #expect(
      pressure.snapshot.text == """
        some avg10=9.05 avg60=1.63 avg300=0.34 total=1002000
        full avg10=9.05 avg60=1.63 avg300=0.34 total=1002000
        """)
  }

  @Test func reclaimBecauseOfALimitIsAStallAndMemoryReclaimIsNot() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 3000)]))
    defer { machine.shutdown() }
    machine.makeCgroup("p")
    machine.makeCgroup("p/a")
    machine.makeCgroup("q")
    machine.perform([.readPages("data", 1000), .reclaim(path: "p", 500)], in: "p/a")
    #expect(machine.observe().cgroup("p")!.pressure.some.total == 0)
    machine.perform([.setCgroup(path: "p/a", settings: [.max(400)])])
    machine.perform([.readPages("data", from: 1000, 2000)], in: "p/a")
    let stalls = ["p/a", "p", "/", "q"].map { machine.observe().cgroup($0)!.pressure.some.total }
    #expect(stalls[0].count > 0 && stalls[1] == stalls[0] && stalls[2] == stalls[0])
    #expect(stalls[3] == 0)
  }

  @Test func aTriggerTellsAtMostOnceAWindow() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 4096)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 600)
    var told: [Instant] = []
    machine.spawn(TaskSpec(name: "watcher")) { handle, fiber throws(Killed) in
      let trigger = PressureTrigger(
        isFull: false, threshold: .milliseconds(20), window: .milliseconds(500))
      while try await machine.perform(.awaitPressure(path: "a", trigger), by: handle, fiber)
        == .done
      {
        told.append(machine.timeline.now)
      }
    }
    machine.perform([Operation](repeating: .readPages("data", 4096), count: 40), in: "a")
    #expect(told.count >= 2)
    for (a, b) in zip(told, told.dropFirst()) { #expect((b - a).count >= 500_000_000) }
  }

  @Test func whoWaitsForMemoryEventsIsToldOfAChange() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 600)
    var seen = 0
    machine.spawn(TaskSpec(name: "watcher")) { handle, fiber throws(Killed) in
      _ = try await machine.perform(.awaitEvents(path: "a"), by: handle, fiber)
      seen = machine.event(.max, of: "a")
    }
    machine.perform([.readPages("data", 2000)], in: "a")
    #expect(seen > 0)
  }

  @Test func aTriggerThatAKernelWouldRefuseIsRefused() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    let wrong = PressureTrigger(isFull: true, threshold: 1, window: .milliseconds(499))
    #expect(machine.perform([.awaitPressure(path: "a", wrong)]) == [.failed(.EINVAL)])
  }
}
