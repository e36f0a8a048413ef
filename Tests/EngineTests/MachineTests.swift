// SPDX-License-Identifier: Apache-2.0
// The front door: what cannot be booted and what cannot be done, each with its reason; tasks and
// the end of what is built.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct BootTests {
  private func refusal(_ change: (inout MachineSpec) -> Void) throws -> String {
    var spec = SmallMachine.spec()
    change(&spec)
    do {
      _ = try Machine(spec)
    } catch {
      return error.message
    }
    return "booted"
  }

  @Test func aSpecThatContradictsItselfIsRefusedByName() throws {
    #expect(try refusal { $0.kernel = "2.4" }.contains("kernel 2.4 is not built; built: 5.10, 6.1"))
    #expect(try refusal { $0.cpus = 2 }.contains("2 CPUs"))
    #expect(try refusal { $0.nodes.append($0.nodes[0]) }.contains("2 nodes"))
    #expect(try refusal { $0.nodes[0].zones = [] }.contains("no zone"))
    #expect(try refusal { $0.nodes[0].zones[0].managed = 0 }.contains("expected 0 < managed"))
    #expect(
      try refusal { $0.nodes[0].zones[0] = ZoneSpec(kind: .normal, managed: 500) }
        .contains("at least 2048"))
    #expect(try refusal { _ in } == "booted")
  }

  /// Free pages, marks and per-CPU sizes of a machine described in words.
  @Test func aSpecInWordsIsAFreshZone() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    let zone = machine.observe().nodes[0].zones[0]
    #expect(zone.free == 16384 && zone.managed == 16384)
    #expect(zone.freeBlocks == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16])
    let minFree = Watermarks.minFreeKilobytes(lowMemoryPages: 16384)
    #expect(minFree == 1024)
    #expect([zone.min, zone.low, zone.high] == [256, 320, 384])
    #expect(machine.invariantProblems() == [])
  }

  @Test func aRecordedZoneIsBootedToItsLastBlock() throws {
    let blocks = [
      [2, 1, 0, 3, 0, 1, 0, 0, 0, 0, 0], [1, 0, 2, 0, 0, 0, 1, 0, 1, 1, 5],
      [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ]
    var spec = SmallMachine.spec()
    let free = blocks.flatMap { $0.enumerated() }.reduce(0) { $0 + $1.element << $1.offset }
    spec.nodes[0].zones[0].state = ZoneState(
      freeBlocks: blocks, perCPU: 37, batch: 7, high: 100, watermarks: (100, 200, 300),
      protection: [0, 0, 0, 0])
    spec.nodes[0].lists.inactiveFile = 18
    spec.nodes[0].lists.pendingDeactivateFile = 3
    spec.nodes[0].lists.unevictable = 500
    let machine = try SmallMachine.boot(spec)
    defer { machine.shutdown() }
    let zone = machine.observe().nodes[0].zones[0]
    #expect(zone.free == free && zone.perCPU == 37)
    #expect(zone.freeBlocks == (0...10).map { o in blocks.reduce(0) { $0 + $1[o] } })
    #expect((zone.min, zone.low, zone.high) == (100, 200, 300))
    #expect(machine.vmstat(.nr_inactive_file) == 18 && machine.vmstat(.nr_unevictable) == 500)
    #expect(machine.invariantProblems() == [])
  }
}

@Suite struct MachineTests {
  @Test func whatDoesNotExistIsENOENT() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    let answers = machine.perform([
      .open(file: "none"), .readPages("none", 1), .enter(path: "none"),
      .setCgroup(path: "none", settings: []), .setCgroup(path: "/", settings: []),
      .reclaim(path: "/", 1), .read(file: "data", AccessPattern(from: 4096)),
    ])
    #expect(answers == Array(repeating: .failed(.ENOENT), count: 6) + [.failed(.EINVAL)])
  }

  @Test func cgroupsAreMadeWithTheirParents() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.perform([.makeCgroup(path: "a/b/c", settings: [.max(100)])])
    #expect(machine.observe().cgroups.map(\.path) == ["/", "a", "a/b", "a/b/c"])
    // A child's kernel objects are charged to its parent, unless that is the root.
    #expect(machine.stat(.kernel, of: "a") == 4)
    #expect(machine.stat(.kernel, of: "a/b/c") == 0)
    #expect(machine.stat(.slab_unreclaimable, of: "a/b") == 3192 + 2064)
  }

  @Test func limitsSetOutsideOfTimeDoNotReclaim() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.readPages("data", 200)], in: "a")
    let usage = machine.usage(of: "a")
    #expect(machine.configureCgroup(path: "a", settings: [.max(Pages(usage))]) == .done)
    #expect(
      machine.configureCgroup(path: "a", settings: [.max(Pages(usage - 1))]) == .failed(.EBUSY))
    #expect(machine.configureCgroup(path: "/", settings: []) == .failed(.EINVAL))
  }

  @Test func aTaskUsesTimeAndReportsIt() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 200)
    let task = machine.spawn(TaskSpec(name: "t", cgroup: "a")) { handle, fiber throws(Killed) in
      _ = try await machine.perform(.compute(1000), by: handle, fiber)
      _ = try await machine.perform(.sleep(5000), by: handle, fiber)
      _ = try await machine.perform(.readPages("data", 1000), by: handle, fiber)
    }
    #expect(machine.report(on: task).state == .running)
    machine.run(until: .distantFuture)
    let report = machine.report(on: task)
    #expect(report.state == .done)
    #expect(report.reclaiming > .zero && report.reclaiming < report.cpu)
    #expect(report.ended!.nanoseconds == report.cpu.count + 5000)
  }

  @Test func marksKeepWhatWasSeen() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.perform([.mark(name: "before"), .readPages("data", 28), .mark(name: "after")])
    #expect(machine.marks.map(\.name) == ["before", "after"])
    #expect(machine.marks.map { $0.snapshot[.nr_file_pages] } == [0, 60])
    #expect(machine.marks[0].snapshot.at < machine.marks[1].snapshot.at)
  }

  /// Two machines in one process know nothing of one another.
  @Test func machinesAreIndependent() throws {
    let one = try SmallMachine.boot(), two = try SmallMachine.boot()
    defer {
      one.shutdown()
      two.shutdown()
    }
    let before = two.observe()
    one.perform([.readPages("data", 500)])
    #expect(two.observe() == before)
    two.perform([.readPages("data", 500)])
    #expect(one.digest == two.digest && one.observe() == two.observe())
  }
}
