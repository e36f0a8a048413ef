// SPDX-License-Identifier: Apache-2.0
// A victim that a slow device keeps in the kernel loses its memory; who shares it does not, and
// nothing is freed twice (reference 12 §12.8).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

/// A cgroup "p" with two children. What is charged to "a" is protected from reclaim for "p", and
/// may go to a swap device that takes seconds; "b" has no swap. So a task of "a" waits for the
/// device at its own limit, while one of "b" finds nothing to reclaim and has somebody killed.
private final class StuckVictim {
  let machine: Machine
  private(set) var big: TaskHandle
  private var others: [TaskHandle] = []

  /// - Parameter operations: of the task in "a".
  init(
    _ kernel: String, latency: Nanoseconds = .seconds(20), paranoid: Bool = false, max: Int = 2000,
    _ operations: [Operation]
  ) throws {
    var spec = SmallMachine.spec(memory: Bytes(16 << 20), files: [("data", 128)])
    spec.kernel = kernel
    spec.disks = [
      DiskSpec(name: "files", kind: .pmem, size: Bytes(1 << 30)),
      DiskSpec(
        name: "swap", kind: .null, use: .swap, size: Bytes(8 << 20), requestPages: 31,
        latency: latency, depth: 1),
    ]
    spec.disks[1].queueRequests = 1
    machine = try SmallMachine.boot(spec, paranoid: paranoid)
    machine.makeCgroup("p", max: max)
    if max > 4096 {
      #expect(machine.configureCgroup(path: "p", settings: [.min(1200)]) == .done)
    }
    #expect(
      machine.configureCgroup(
        path: "p/a", settings: [.max(1200), .min(1200)]) == .done)
    #expect(machine.configureCgroup(path: "p/b", settings: [.swapMax(0)]) == .done)
    big = Self.start(machine, "big", in: "p/a", operations)
  }

  deinit { machine.shutdown() }

  func add(_ name: String, in cgroup: String = "p/b", _ operations: [Operation]) {
    others.append(Self.start(machine, name, in: cgroup, operations))
  }

  func run() {
    machine.run(until: .distantFuture)
    #expect(machine.ended == nil)
    #expect(machine.invariantProblems() == [])
  }

  private static func start(
    _ machine: Machine, _ name: String, in cgroup: String, _ operations: [Operation]
  ) -> TaskHandle {
    machine.spawn(TaskSpec(name: name, cgroup: cgroup)) {
      [unowned machine] task, fiber throws(Killed) in
      for operation in operations {
        _ = try await machine.perform(operation, by: task, fiber)
      }
    }
  }

  func report(_ k: Int) -> TaskReport { machine.report(on: others[k]) }
  var victim: TaskReport { machine.report(on: big) }

  /// Kills and the reaper's steps, with the time that passed since the first kill.
  var story: [(event: TraceEvent, after: Nanoseconds)] {
    let told = machine.recordedEvents.filter {
      switch $0.event {
      case .markVictim, .reaper: true
      default: false
      }
    }
    return told.map { ($0.event, $0.at - told[0].at) }
  }

  var steps: [ReaperStep] {
    story.compactMap { if case .reaper(let step, _) = $0.event { step } else { nil } }
  }
}

extension Operation {
  fileprivate static let wait = Operation.sleep(.seconds(1))
  fileprivate static let longWait = Operation.sleep(.seconds(30))
}

extension [Operation] {
  fileprivate static func held(_ pages: Int) -> [Operation] {
    [
      .map(area: "H", .anonymous(shared: false), pages: pages),
      .touch(area: "H", write: true, fill: false, AccessPattern(.sequential)),
    ]
  }
}

@Suite struct OomReaperTests {
  /// What the victim's cgroup is charged with.
  private func looks(_ stuck: StuckVictim) -> (usage: Int, anon: Int, swap: Int) {
    let a = stuck.machine.observe().cgroup("p/a")!
    return (a.current!, a[.anon], a.swapCurrent!)
  }

  @Test(arguments: ["5.10", "6.1"])
  func aStuckVictimLosesItsMemoryAfterTwoSeconds(kernel: String) throws {
    let stuck = try StuckVictim(kernel, paranoid: true, .held(1500))
    stuck.add("admin", in: "/", [.wait, .setCgroup(path: "p", settings: [.max(500)])])
    stuck.machine.run(until: Instant(nanoseconds: 3_500_000_000))
    // The victim waits for its device still, and holds what the device holds.
    #expect(stuck.victim.state == .running)
    #expect(stuck.report(0).state == .done)
    let then = looks(stuck)
    #expect(then.anon < 32)
    #expect(then.usage < 100 && then.swap < 100)
    stuck.run()
    #expect(stuck.victim.state == .killed && stuck.report(0).state == .done)
    #expect(stuck.steps == [.wake, .start, .finish])
    #expect(stuck.story[1].after == .seconds(2))
    #expect(stuck.machine.vmstat(.oom_kill) == 1)
    #expect(stuck.machine.vmstat(.nr_anon_pages) == 0)
    #expect(stuck.machine.vmstat(.nr_page_table_pages) == 0)
  }

  /// A victim that can die does so, and the run does not wait for a timer.
  @Test func nobodyIsReapedWhoDiesInTime() throws {
    let stuck = try StuckVictim("6.1", latency: .milliseconds(800), .held(1500))
    stuck.add("small", [.wait] + [Operation].held(1500))
    stuck.run()
    #expect(stuck.victim.state == .killed)
    #expect(stuck.steps == [])
    #expect(stuck.machine.timeline.now < Instant(nanoseconds: 3_000_000_000))
  }

  /// The end of a process holds the lock of its address space, and leaves nothing to take.
  @Test func aVictimThatIsExitingIsLeftAlone() throws {
    let stuck = try StuckVictim("6.1", latency: .milliseconds(1500), .held(1500))
    stuck.add("small", [.wait] + [Operation].held(1500))
    stuck.run()
    #expect(stuck.steps == [.wake, .skip, .skip])
    #expect(stuck.machine.vmstat(.oom_kill) == 1)
  }

  @Test(arguments: ["5.10", "6.1"])
  func whatIsSharedStaysAndAnotherTaskIsChosen(kernel: String) throws {
    let stuck = try StuckVictim(
      kernel,
      [
        .map(area: "S", .anonymous(shared: true), pages: 1500),
        .touch(area: "S", write: true, fill: false, AccessPattern(.sequential)),
      ])
    stuck.add("middle", [Operation].held(600) + [.longWait])
    stuck.add("small", [.wait] + [Operation].held(450) + [.wait])
    stuck.run()
    #expect(stuck.steps == [.wake, .start, .finish])
    #expect(stuck.report(0).state == .killed && stuck.report(1).state == .done)
    #expect(stuck.machine.vmstat(.oom_kill) == 2)
    guard case .markVictim(let pid, _) = try #require(stuck.story.last).event else {
      return #expect(Bool(false), "the last of the story is no kill: \(stuck.story)")
    }
    #expect(pid == 3)
    #expect(stuck.machine.vmstat(.nr_shmem) == 0)
  }

  /// The whole machine, 16 MiB of it, is out of memory.
  @Test(arguments: ["5.10", "6.1"])
  func aVictimOfTheMachineIsReapedAsWell(kernel: String) throws {
    let stuck = try StuckVictim(
      kernel, paranoid: true, max: 8000, [.setOomScoreAdjust(1000)] + [Operation].held(1500))
    stuck.add("small", [.wait] + [Operation].held(3300) + [.wait])
    stuck.run()
    #expect(stuck.steps == [.wake, .start, .finish])
    #expect(stuck.victim.killReason == "out of memory")
    #expect(stuck.report(0).state == .done)
    #expect(stuck.machine.vmstat(.oom_kill) == 1)
  }

  /// Locked pages stay on 5.10 until their owner dies.
  @Test(arguments: [("5.10", 300), ("6.1", 0)])
  func lockedPagesStayOnOldKernels(kernel: String, left: Int) throws {
    let stuck = try StuckVictim(
      kernel,
      [
        .map(area: "L", .anonymous(shared: false), pages: 400),
        .touch(area: "L", write: true, fill: false, AccessPattern(.sequential)),
        .lock(area: "L", from: 50, length: 300),
      ] + [Operation].held(1500))
    stuck.add("small", [.wait] + [Operation].held(1200) + [.wait])
    stuck.machine.run(until: Instant(nanoseconds: 4_500_000_000))
    #expect(stuck.victim.state == .running)
    #expect(stuck.machine.vmstat(.nr_mlock) == left)
    stuck.run()
    #expect(stuck.steps == [.wake, .start, .finish])
    #expect(stuck.machine.vmstat(.nr_mlock) == 0)
  }

  /// mmap holds the lock of the address space while it waits for the memory of the area itself.
  @Test(arguments: ["5.10", "6.1"])
  func aVictimThatIsChangingItsAreasIsTriedTenTimesAndGivenUp(kernel: String) throws {
    let areas = (0..<800).map {
      Operation.map(area: "\($0)", .anonymous(shared: false), pages: 1)
    }
    let stuck = try StuckVictim(kernel, [Operation].held(1180) + areas)
    stuck.add("middle", [Operation].held(600) + [.longWait])
    stuck.add("small", [.wait] + [Operation].held(450) + [.wait])
    stuck.run()
    #expect(stuck.steps == [.wake] + Array(repeating: .skip, count: 10))
    let times = stuck.story.filter { if case .reaper(.skip, _) = $0.event { true } else { false } }
      .map(\.after)
    #expect(times.first!.count / 1_000_000 == 2000 && times.last!.count / 1_000_000 == 2900)
    #expect(stuck.report(0).state == .killed && stuck.report(1).state == .done)
    #expect(stuck.victim.state == .killed)
    #expect(stuck.machine.vmstat(.nr_anon_pages) == 0)
  }

  /// A fault that waits for memory meanwhile finds its entry emptied, and takes nothing.
  @Test(arguments: ["5.10", "6.1"])
  func aFaultUnderWayMapsNothingOverWhatWasTaken(kernel: String) throws {
    let stuck = try StuckVictim(
      kernel, paranoid: true,
      [Operation].held(1100) + [
        .map(area: "Z", .anonymous(shared: false), pages: 600),
        .touch(area: "Z", write: false, fill: false, AccessPattern(.sequential)),
        .touch(area: "Z", write: true, fill: false, AccessPattern(.sequential)),
      ])
    stuck.add("admin", in: "/", [.wait, .setCgroup(path: "p", settings: [.max(500)])])
    stuck.run()
    #expect(stuck.steps == [.wake, .start, .finish])
    #expect(stuck.machine.vmstat(.nr_anon_pages) == 0)
    #expect(stuck.machine.usage(of: "p/a") < 100)
  }

  /// Private mappings of files lose their pages, shared ones keep them until the victim dies.
  @Test(arguments: [(false, 0), (true, 100)])
  func mappedFilesAreUnmappedWherePrivate(shared: Bool, left: Int) throws {
    let stuck = try StuckVictim(
      "6.1",
      [
        .map(area: "F", .file("data", shared: shared, from: 0), pages: 100),
        .touch(area: "F", write: false, fill: false, AccessPattern(.sequential)),
        .lock(area: "F", from: 0, length: nil),
      ] + [Operation].held(1500))
    stuck.add("small", [.wait] + [Operation].held(1350) + [.wait])
    stuck.machine.run(until: Instant(nanoseconds: 4_500_000_000))
    #expect(stuck.steps == [.wake, .start, .finish])
    #expect(stuck.machine.vmstat(.nr_mapped) == left)
    stuck.run()
    #expect(stuck.machine.vmstat(.nr_mapped) == 0)
  }

  @Test(arguments: ["5.10", "6.1"])
  func theSameRunHasTheSameDigest(kernel: String) throws {
    let digests = try (0..<2).map { _ in
      let stuck = try StuckVictim(kernel, .held(1500))
      stuck.add("small", [.wait] + [Operation].held(1500))
      stuck.run()
      return stuck.machine.digest.value
    }
    #expect(digests[0] == digests[1])
  }
}

@Suite struct KillableSleepTests {
  /// Who sleeps for memory.high when it is killed wakes for that.
  @Test func aKillEndsThePenaltyOfMemoryHigh() throws {
    var spec = SmallMachine.spec()
    spec.kernel = "6.1"
    let machine = try SmallMachine.boot(spec, paranoid: true)
    defer { machine.shutdown() }
    machine.makeCgroup("p", max: 3000)
    #expect(machine.configureCgroup(path: "p/a", settings: [.high(500)]) == .done)
    #expect(machine.configureCgroup(path: "p/b", settings: []) == .done)
    func start(_ name: String, _ cgroup: String, _ operations: [Operation]) -> TaskHandle {
      machine.spawn(TaskSpec(name: name, cgroup: cgroup)) { task, fiber throws(Killed) in
        for operation in operations { _ = try await machine.perform(operation, by: task, fiber) }
      }
    }
    // Without anything to reclaim each batch beyond costs two seconds.
    let slowed = start("slowed", "p/a", [.setOomScoreAdjust(1000)] + .held(2000))
    _ = start("other", "p/b", [.sleep(.milliseconds(9500))] + [Operation].held(2900))
    machine.run(until: .distantFuture)
    let killed = try #require(
      machine.recordedEvents.first { if case .markVictim = $0.event { true } else { false } })
    let ended = try #require(machine.report(on: slowed).ended)
    #expect((ended - killed.at) < .milliseconds(50))
    #expect(machine.report(on: slowed).state == .killed)
  }
}
