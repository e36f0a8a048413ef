// SPDX-License-Identifier: Apache-2.0
// Who is killed when a cgroup is full, who is not, and what the others see of it (reference 12
// §§12.5 to 12.9, 13 §13.2).

import ReclaimEngine
import Testing
import Timeline
import UAPI

@Suite struct BadnessTests {
  @Test func ofEqualsTheLaterTaskIsChosen() {
    #expect(Badness.victim(of: [5, 9, 9, 3]) == 2)
    #expect(Badness.victim(of: [-7, nil, -7, -8]) == 2)
    #expect(Badness.victim(of: [nil, nil]) == nil)
    #expect(Badness.victim(of: []) == nil)
  }

  @Test func adjustmentIsInThousandthsOfWhatTheDomainHolds() {
    #expect(Badness.points(pages: 100, oomScoreAdjust: 0, totalPages: 5000) == 100)
    // 5999 / 1000 is 5: the division comes first.
    #expect(Badness.points(pages: 100, oomScoreAdjust: 10, totalPages: 5999) == 150)
    #expect(Badness.points(pages: 100, oomScoreAdjust: -999, totalPages: 5000) == -4895)
    #expect(Badness.points(pages: 100, oomScoreAdjust: -1000, totalPages: 5000) == nil)
    #expect(Badness.points(pages: 100, oomScoreAdjust: 1000, totalPages: 999) == 100)
  }

  @Test func swapBelongsToTheDomainUnlessSwappinessForbidsIt() {
    func total(_ max: Int, swapMax: Int, swappiness: Int) -> Int {
      Badness.totalPages(max: max, swapMax: swapMax, swapTotal: 1000, swappiness: swappiness)
    }
    #expect(total(500, swapMax: 300, swappiness: 60) == 800)
    #expect(total(500, swapMax: 3000, swappiness: 60) == 1500)
    #expect(total(500, swapMax: 300, swappiness: 0) == 500)
    #expect(total(0, swapMax: 300, swappiness: 0) == 1)
  }
}

/// One run of several tasks on a machine without swap.
private final class Crowd {
  let machine: Machine
  private var outcomes: [[Outcome]] = []
  private var handles: [TaskHandle] = []

  init(limit: Int) throws {
    machine = try Machine(
      MachineSpec(
        kernel: "6.1", nodes: [NodeSpec(zones: [ZoneSpec(kind: .normal, managed: 16384)])],
        files: [FileSpec(name: "data", size: 512)]))
    #expect(machine.configureCgroup(path: "p", settings: [.max(Pages(limit))]) == .done)
    #expect(machine.configureCgroup(path: "p/a", settings: []) == .done)
    #expect(machine.configureCgroup(path: "other", settings: []) == .done)
  }

  deinit { machine.shutdown() }

  /// A task that performs operations one after the other.
  func add(_ name: String, in cgroup: String = "p/a", _ operations: [Operation]) {
    let number = outcomes.count
    outcomes.append([])
    handles.append(
      machine.spawn(TaskSpec(name: name, cgroup: cgroup)) {
        [unowned self] task, fiber throws(Killed) in
        for operation in operations {
          let outcome = try await machine.perform(operation, by: task, fiber)
          outcomes[number].append(outcome)
        }
      })
  }

  func run() { machine.run(until: .distantFuture) }

  subscript(_ number: Int) -> (report: TaskReport, outcomes: [Outcome]) {
    (machine.report(on: handles[number]), outcomes[number])
  }

  func events(_ path: String) -> [Int] {
    let cgroup = machine.observe().cgroup(path)!
    return [cgroup[.oom], cgroup[.oom_kill]]
  }
}

extension Operation {
  fileprivate static func mapped(_ pages: Int) -> Operation {
    .map(area: "A", .anonymous(shared: false), pages: pages)
  }
  fileprivate static func touched(_ pages: Int) -> Operation {
    .touch(area: "A", write: true, fill: false, AccessPattern(length: pages))
  }
  fileprivate static let written = Operation.touch(
    area: "A", write: true, fill: false, AccessPattern(.sequential))
  fileprivate static let pause = Operation.sleep(.milliseconds(100))
  fileprivate static let manyPauses = Operation.sleep(.milliseconds(100_000))
}

@Suite struct OomKillerTests {
  @Test func theLargestTaskDiesAndTheOtherGoesOn() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("large", [.mapped(800), .written, .manyPauses])
    crowd.add("small", [.pause, .mapped(400), .written, .pause])
    crowd.run()
    #expect(crowd[0].report.state == .killed)
    #expect(crowd[0].report.killReason == "out of memory in cgroup 'p'")
    #expect(crowd[0].outcomes == [.done, .done])
    #expect(crowd[1].report.state == .done && crowd[1].report.killReason == nil)
    #expect(crowd[1].outcomes == [.done, .done, .done, .done])
    // `oom` belongs to the full cgroup, `oom_kill` to the victim's and all above.
    #expect(crowd.events("p")[0] >= 1 && crowd.events("p")[1] == 1)
    #expect(crowd.events("p/a") == [0, 1])
    #expect(crowd.machine.observe()[.oom_kill] == 1)
    #expect(crowd.machine.ended == nil)
  }

  /// A sleeping victim does not sleep to the end.
  @Test func aSleepingVictimDiesAtOnce() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("large", [.mapped(800), .written, .manyPauses])
    crowd.add("small", [.pause, .mapped(400), .written])
    crowd.run()
    let killed = try #require(crowd.machine.kernelMessages.first?.at)
    #expect(crowd[0].report.ended == killed)
  }

  /// A victim that reclaims in vain needs longer to come out of the kernel than the other task
  /// needs to run out of retries once more: nobody is killed meanwhile.
  @Test func whileAVictimIsDyingNobodyElseIsChosen() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("large", [.mapped(1200), .touched(800), .sleep(98_500_000), .written])
    crowd.add("small", [.pause, .mapped(400), .written])
    crowd.run()
    #expect(crowd[0].report.state == .killed)
    #expect(crowd[1].report.state == .done)
    #expect(crowd.events("p")[0] >= 3)
    #expect(crowd.events("p")[1] == 1)
    #expect(crowd[0].report.ended! > crowd.machine.kernelMessages[0].at)
  }

  @Test func whoMustNotBeChosenIsSpared() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("large", [.setOomScoreAdjust(-1000), .mapped(800), .written, .manyPauses])
    crowd.add("small", [.pause, .mapped(400), .written])
    crowd.run()
    #expect(crowd[0].report.state == .done)
    #expect(crowd[1].report.state == .killed)
    #expect(crowd[1].outcomes == [.done, .done])
  }

  @Test func aHighAdjustmentOutweighsSize() throws {
    let crowd = try Crowd(limit: 2000)
    crowd.add("large", [.mapped(1500), .written, .manyPauses])
    crowd.add("light", [.setOomScoreAdjust(1000), .mapped(10), .written, .manyPauses])
    crowd.add("small", [.pause, .mapped(600), .written, .pause])
    crowd.run()
    let killed = try (0..<2).map { try #require(crowd[$0].report.ended) }
    #expect(crowd[1].report.state == .killed && crowd[0].report.state == .killed)
    #expect(killed[1] < killed[0])
    #expect(crowd[2].report.state == .done)
  }

  @Test func tasksElsewhereAreOutOfReach() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("neighbour", in: "other", [.mapped(5000), .written, .manyPauses])
    crowd.add("hog", [.pause, .mapped(2000), .written, .pause])
    crowd.run()
    #expect(crowd[0].report.state == .done)
    #expect(crowd[1].report.state == .killed)
    #expect(crowd.events("other") == [0, 0])
  }

  /// Eighteen fruitless rounds before the kill, seventeen after it: a real 6.1 counts the same.
  @Test func aTaskThatKillsItselfTriesAsLongAsTheKernelDoes() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("hog", [.mapped(2000), .written])
    crowd.run()
    #expect(crowd.machine.observe().cgroup("p")![MemcgEvent.max] == 35)
    #expect(crowd.events("p") == [1, 1])
  }

  /// A limit below what cannot be reclaimed stays exceeded where nobody may be killed.
  @Test func aReadWithoutAVictimFails() throws {
    let crowd = try Crowd(limit: 1000)
    let spared = Operation.setOomScoreAdjust(-1000)
    crowd.add("saved", [spared, .mapped(500), .written, .manyPauses])
    crowd.add(
      "reader",
      [
        spared, .open(file: "data"), .pause, .pause,
        .read(file: "data", AccessPattern(.sequential)), .pause,
      ])
    crowd.add("admin", in: "/", [.pause, .setCgroup(path: "p", settings: [.max(100)])])
    crowd.run()
    #expect(crowd[2].outcomes == [.done, .done])
    #expect(crowd[1].outcomes == [.done, .done, .done, .done, .failed(.ENOMEM), .done])
    #expect(crowd.events("p")[0] == 2 && crowd.events("p")[1] == 0)
    #expect(crowd.machine.kernelMessages.isEmpty)
  }

  @Test func aFaultWithoutAVictimEndsTheRunByName() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("saved", [.setOomScoreAdjust(-1000), .mapped(2000), .written])
    crowd.run()
    let ended = try #require(crowd.machine.ended)
    #expect(ended.contains("task 'saved'") && ended.contains("'p/a'"))
  }

  @Test func aLimitBelowWhatCanBeReclaimedKills() throws {
    let crowd = try Crowd(limit: 1000)
    crowd.add("hog", [.mapped(800), .written, .manyPauses])
    crowd.add(
      "admin", in: "/", [.pause, .setCgroup(path: "p", settings: [.max(100)]), .pause])
    crowd.run()
    #expect(crowd[0].report.state == .killed)
    #expect(crowd[1].outcomes == [.done, .done, .done])
    #expect(crowd.machine.observe().cgroup("p")!.current! <= 100)
    #expect(crowd.events("p")[1] == 1)
  }
}

@Suite struct KernelMessageTests {
  @Test func lineBreaksAreWrittenAsTheLogWritesThem() {
    let message = KernelMessage(at: .boot, level: .info, text: "anon 1\nfile 2")
    #expect(message.line == "<6> anon 1\\x0afile 2")
  }

  @Test func theVictimsEventIsTheKernels() {
    let sizes = VictimSizes(
      command: "init", virtual: 10, anonymous: 3, file: 2, shmem: 1, tables: 4, oomScoreAdjust: -5)
    #expect(
      TraceEvent.markVictim(pid: 7, sizes).payload
        == "pid=7 comm=init total-vm=40kB anon-rss=12kB file-rss:8kB shmem-rss:4kB uid=0 "
        + "pgtables=16kB oom_score_adj=-5")
    #expect(TraceEvent.markVictim(pid: 7, nil).payload == "pid=7")
  }

  @Test func flagsHaveTheKernelsNumbers() {
    #expect(GfpFlags.kernel.number == 0xcc0)
    #expect(GfpFlags.kernelAccount.number == 0x400cc0)
    #expect(GfpFlags.highUserMovable.number == 0x100cca)
  }
}
