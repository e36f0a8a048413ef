// SPDX-License-Identifier: Apache-2.0
// What makes reclaim wait, and what wakes it (reference 04 §§4.5, 4.6; 06 §6.2).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct ReclaimWaitTests {
  // MARK: what a round says

  @Test func aRoundOfNothingButWritebackSaysSo() {
    var round = RoundTally()
    #expect(!round.isUnderWriteback)
    round.writeback = 32
    round.taken = 32
    #expect(round.isUnderWriteback)
    round.taken = 33
    #expect(!round.isUnderWriteback)
  }

  /// Equality holds for nothing, too: a round of anonymous pages alone says that all file pages are
  /// dirty.
  @Test func aRoundWithoutFilePagesCountsAsDirty() {
    var round = RoundTally()
    #expect(round.isDirty)
    round.fileTaken = 1
    #expect(!round.isDirty)
    round.unqueuedDirty = 1
    #expect(round.isDirty)
  }

  @Test func congestionNeedsDirtyPages() {
    var round = RoundTally()
    #expect(!round.isCongested)
    round.congested = 3
    round.dirty = 3
    #expect(round.isCongested)
    round.dirty = 4
    #expect(!round.isCongested)
  }

  // MARK: machines

  /// 8 MiB, swap on a slow device with a queue, and more tasks than memory holds.
  private func crowd(
    kernel: String, tasks: Int, pages: Int, latency: Nanoseconds = .milliseconds(10),
    depth: Int = 64
  ) throws -> Machine {
    var spec = SmallMachine.spec(memory: Bytes(8 << 20))
    spec.kernel = kernel
    spec.disks = [
      DiskSpec(
        name: "swap", kind: .null, use: .swap, size: Bytes(64 << 20), requestPages: 31,
        latency: latency, depth: depth)
    ]
    let machine = try SmallMachine.boot(spec, paranoid: true)
    for k in 0..<tasks {
      machine.spawn(TaskSpec(name: "task \(k)")) { handle, fiber throws(Killed) in
        let map = Operation.map(area: "a", .anonymous(shared: false), pages: pages)
        _ = try await machine.perform(map, by: handle, fiber)
        for _ in 0..<4 {
          _ = try await machine.perform(
            .touch(area: "a", write: true, fill: true, AccessPattern()), by: handle, fiber)
          _ = try await machine.perform(.sleep(.milliseconds(5)), by: handle, fiber)
        }
      }
    }
    machine.run(until: .distantFuture)
    return machine
  }

  private func throttles(_ machine: Machine) -> [(ThrottleReason, UInt64, UInt64)] {
    machine.events.compactMap {
      if case .throttled(_, let timeout, let delayed, let reason) = $0 {
        (reason, timeout, delayed)
      } else {
        nil
      }
    }
  }

  /// Each of many reclaimers holds a batch while the device makes it wait: the others wait until
  /// fewer are held, or 20 ms.
  @Test func reclaimersWaitWhileTooMuchIsIsolated() throws {
    let machine = try crowd(kernel: "6.1", tasks: 40, pages: 60)
    defer { machine.shutdown() }
    let waits = throttles(machine).filter { $0.0 == .isolated }
    #expect(!waits.isEmpty)
    #expect(waits.allSatisfy { $0.1 == 20_000 })
    #expect(waits.contains { $0.2 < 20_000 }, "nobody was woken early")
    #expect(machine.ended == nil)
    #expect(machine.vmstat(.nr_isolated_anon) == 0)
    #expect(machine.vmstat(.nr_zone_write_pending) == 0)
    #expect(machine.invariantProblems().isEmpty)
  }

  /// Up to 5.10 they sleep 100 ms, and no event tells of it.
  @Test func oldReclaimersSleepInstead() throws {
    let machine = try crowd(kernel: "5.10", tasks: 40, pages: 60)
    defer { machine.shutdown() }
    #expect(throttles(machine).isEmpty)
    #expect(machine.ended == nil)
    #expect(machine.invariantProblems().isEmpty)
  }

  /// A task that exits while reclaim holds its folios leaves them to reclaim, which frees them.
  @Test func foliosThatAreHeldAreFreedByTheirHolder() throws {
    for kernel in ["5.10", "6.1"] {
      let machine = try crowd(
        kernel: kernel, tasks: 12, pages: 200, latency: .milliseconds(30), depth: 1)
      defer { machine.shutdown() }
      #expect(machine.ended == nil)
      #expect(machine.vmstat(.nr_anon_pages) == 0)
      #expect(machine.invariantProblems().isEmpty)
    }
  }

  // MARK: steps

  /// A fruitless cycle is told as such, and what follows it; each cycle of the machine's own
  /// reclaim is a stall, and a delay of its task.
  @Test func cyclesAreToldFromTheFirstPriorityToTheLast() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(memory: Bytes(16 << 20)))
    defer { machine.shutdown() }
    let hog = machine.spawn(TaskSpec(name: "hog")) { handle, fiber throws(Killed) in
      let map = Operation.map(area: "a", .anonymous(shared: false), pages: 5000)
      _ = try await machine.perform(map, by: handle, fiber)
      _ = try await machine.perform(
        .touch(area: "a", write: true, fill: false, AccessPattern()), by: handle, fiber)
    }
    machine.run(until: .distantFuture)
    let steps = machine.events.compactMap { event -> ReclaimStep? in
      if case .step(let step) = event { step } else { nil }
    }
    let cycles = steps.filter { if case .cycle = $0 { true } else { false } }
    #expect(cycles.count == machine.vmstat(.allocstall_movable))
    #expect(cycles.first == .cycle(.first, stall: "allocstall_movable"))
    let delay = machine.report(on: hog).reclaimDelay
    #expect(delay.count == cycles.count)
    #expect(delay.total > .zero)
    let begin = try #require(steps.firstIndex(of: cycles[0]))
    let end = try #require(
      steps[begin...].firstIndex { if case .delay = $0 { true } else { false } })
    let priorities = steps[begin..<end].compactMap { step -> Int? in
      if case .priority(let priority, _, _) = step { priority } else { nil }
    }
    #expect(priorities == Array((0...12).reversed()))
    #expect(steps[begin..<end].contains { if case .snapshotRefaults = $0 { true } else { false } })
    #expect(steps.contains { if case .pressure(_, _, .critical) = $0 { true } else { false } })
  }

  /// Before it gives up an allocation looks at every zone, sixteen times without progress.
  @Test func anAllocationLooksSixteenTimesBeforeSomebodyDies() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(memory: Bytes(16 << 20)))
    defer { machine.shutdown() }
    machine.perform([
      .map(area: "a", .anonymous(shared: false), pages: 5000),
      .touch(area: "a", write: true, fill: false, AccessPattern()),
    ])
    let zones = machine.events.compactMap { event -> RetryZone? in
      if case .reclaimRetryZone(let zone) = event { zone } else { nil }
    }
    // Of a machine without swap and page cache only free pages are left, which 6.1 counts twice.
    let first = try #require(zones.first)
    #expect(first.available == 2 * first.reclaimable)
    #expect(first.passes)
    #expect(zones.map(\.fruitless) == Array(1...16))
    #expect(machine.vmstat(.oom_kill) == 1)
  }

  @Test func oldKernelsCountNothingWhereListsAreEmpty() throws {
    var spec = SmallMachine.spec(memory: Bytes(16 << 20))
    spec.kernel = "5.10"
    let machine = try SmallMachine.boot(spec)
    defer { machine.shutdown() }
    machine.perform([
      .map(area: "a", .anonymous(shared: false), pages: 5000),
      .touch(area: "a", write: true, fill: false, AccessPattern()),
    ])
    let zones = machine.events.compactMap { event -> RetryZone? in
      if case .reclaimRetryZone(let zone) = event { zone } else { nil }
    }
    #expect(zones.map(\.reclaimable) == [0])
    #expect(zones.map(\.passes) == [false])
  }

  @Test func aChangedOomScoreIsTraced() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.perform([.setOomScoreAdjust(-7)], as: "shy")
    #expect(machine.events.contains(.oomScoreAdjust(pid: 2, command: "shy", value: -7)))
  }
}
