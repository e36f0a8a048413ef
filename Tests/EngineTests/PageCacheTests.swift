// SPDX-License-Identifier: Apache-2.0
// Nodes of the page cache: how many a file has, who pays, and what happens to those that hold only
// shadows (reference 09 §9.6, 13 §13.7; fidelity/starting-state.md).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct PageCacheTests {
  static let dentryAndInode = 200 + 1200
  static let structFile = 264
  static let node = 592

  private func boot(_ pages: Int) throws -> Machine {
    let machine = try SmallMachine.boot(
      SmallMachine.spec(memory: Bytes(192 << 20), files: [("data", pages)]), trace: .digest)
    machine.makeCgroup("a")
    return machine
  }

  @Test(arguments: [
    (1, 0), (2, 1), (64, 1), (65, 3), (2048, 33), (4096, 65), (4097, 68), (8192, 131),
    (9216, 148), (24576, 391),
  ])
  func aFileReadCompletelyHasItsNodes(pages: Int, nodes: Int) throws {
    let machine = try boot(pages)
    defer { machine.shutdown() }
    machine.perform([.readPages("data", pages)], in: "a")
    let bytes = machine.stat(.slab_reclaimable, of: "a")
    #expect(bytes == Self.dentryAndInode + nodes * Self.node)
    // The struct file is closed again; what is charged lies in whole pages.
    let kernel = machine.stat(.kernel, of: "a")
    #expect(
      (bytes + 4095) / 4096 <= kernel && kernel <= (bytes + Self.structFile + 4095) / 4096 + 1)
    #expect(machine.invariantProblems() == [])
  }

  /// Page 0 alone has no node; it moves into the first leaf when a second page comes.
  @Test func theFirstPageAloneHasNoNode() throws {
    let machine = try boot(100)
    defer { machine.shutdown() }
    machine.perform(
      [.advise("data", .random), .readPages("data", 1)], in: "a")
    #expect(machine.stat(.slab_reclaimable, of: "a") == Self.dentryAndInode)
    machine.perform(
      [.advise("data", .random), .readPages("data", from: 63, 1)], in: "a")
    #expect(machine.stat(.slab_reclaimable, of: "a") == Self.dentryAndInode + Self.node)
    #expect(machine.invariantProblems() == [])
    // Both pages gone: the leaf goes with the last.
    machine.perform([.adviseFile(file: "data", .dontneed, from: 63, length: 1)], in: "a")
    #expect(machine.stat(.slab_reclaimable, of: "a") == Self.dentryAndInode + Self.node)
    machine.perform([.advise("data", .dontneed)], in: "a")
    #expect(machine.stat(.slab_reclaimable, of: "a") == Self.dentryAndInode)
    #expect(machine.stat(.file, of: "a") == 0)
  }

  @Test func droppingAFileFreesEveryNode() throws {
    let machine = try boot(9216)
    defer { machine.shutdown() }
    machine.perform([.readPages("data", 9216), .advise("data", .dontneed)], in: "a")
    #expect(machine.stat(.slab_reclaimable, of: "a") == Self.dentryAndInode)
    #expect(machine.vmstat(.nr_file_pages) == 0)
    #expect(machine.vmstat(.workingset_nodes) == 0)
    #expect(machine.invariantProblems() == [])
  }

  /// A leaf is listed when its last page is evicted, and leaves the list when any comes back.
  @Test func leavesOfShadowsAreListed() throws {
    let machine = try boot(640)
    defer { machine.shutdown() }
    machine.perform([.readPages("data", 640)], in: "a")
    machine.perform([.reclaim(path: "a", 320)])
    // Pages go in the order in which they came: 320 are five leaves, a batch may take more.
    let evicted = 640 - machine.vmstat(.nr_file_pages)
    #expect(evicted >= 320)
    #expect(machine.vmstat(.workingset_nodes) == evicted / 64)
    machine.perform([.advise("data", .random), .readPages("data", from: 70, 1)], in: "a")
    #expect(machine.vmstat(.workingset_nodes) == evicted / 64 - 1)
    #expect(machine.stat(.workingset_refault_file, of: "a") == 1)
    #expect(machine.invariantProblems() == [])
    // Dropped, page and shadows: the nodes go and nothing is a refault any more.
    machine.perform([.advise("data", .dontneed), .readPages("data", 640)], in: "a")
    #expect(machine.vmstat(.workingset_nodes) == 0)
    #expect(machine.stat(.workingset_refault_file, of: "a") == 1)
  }

  /// Only whole leaves of shadows are forgotten, 128 at a time, oldest first (reference 10 §10.2).
  @Test func shadowsAreForgottenABatchOfLeavesAtATime() throws {
    let machine = try SmallMachine.boot(
      SmallMachine.spec(memory: Bytes(128 << 20), files: [("data", 200_000)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 700)
    // One page of each leaf: every eviction leaves a leaf of one shadow.
    machine.perform(
      [.advise("data", .random), .readEvery(64, of: "data", 200_000)], in: "a")
    let returned = machine.events.compactMap { event -> Int? in
      if case .shrinkSlabEnd(_, _, _, _, _, let n) = event { return n }
      return nil
    }
    let forgotten = machine.vmstat(.workingset_nodereclaim)
    #expect(forgotten > 0 && returned.reduce(0, +) == forgotten)
    #expect(returned.contains(128) && returned.allSatisfy { $0 % 128 == 0 })
    #expect(machine.vmstat(.slabs_scanned) == forgotten)
    #expect(machine.stat(.workingset_nodereclaim, of: "a") == forgotten)
    #expect(machine.invariantProblems() == [])
    // The oldest are gone for good, the youngest are refaults.
    machine.perform([.advise("data", .random), .readPages("data", from: 0, 1)], in: "a")
    #expect(machine.stat(.workingset_refault_file, of: "a") == 0)
  }

  /// With an empty active list nothing is near enough: even the page evicted last is one eviction
  /// away.
  @Test func aShadowRemembersTheClockBeforeItsEviction() throws {
    let machine = try boot(64)
    defer { machine.shutdown() }
    machine.perform([.readPages("data", 64)], in: "a")
    machine.perform([.reclaim(path: "a", 64)])
    #expect(machine.stat(.file, of: "a") == 0)
    machine.perform([.advise("data", .random), .readPages("data", from: 63, 1)], in: "a")
    #expect(machine.stat(.workingset_refault_file, of: "a") == 1)
    #expect(machine.stat(.workingset_activate_file, of: "a") == 0)
  }

  /// Freed pages go to the CPU's list; while only frees come, what overflows doubles up to sixteen
  /// batches, as recordings show.
  @Test func freeingManyPagesDrainsTheCPUsListsEverMore() throws {
    let machine = try boot(20_000)
    defer { machine.shutdown() }
    machine.perform([.readPages("data", 20_000)], in: "a")
    let zone = { machine.observe().nodes[0].zones[0] }
    let batch = Watermarks.perCPUBatch(managed: zone().managed)
    let high = Watermarks.perCPUHigh(
      .toOrderThree, managed: zone().managed, low: zone().low, cpus: 1)
    var least = Int.max, wasFull = false
    let pieces = (0..<1250).map {
      Operation.adviseFile(file: "data", .dontneed, from: 16 * $0, length: 16)
    }
    machine.perform(pieces, in: "a") { _ in
      wasFull = wasFull || zone().perCPU >= high - 16
      // A slab that is given back empties the lists altogether.
      if zone().perCPU < high / 4 { wasFull = false }
      if wasFull { least = min(least, zone().perCPU) }
    }
    #expect(least >= high - 16 * batch && least < high - 15 * batch)
  }

  /// A tree grows with its nodes, not with the wish for them: where the first node was refused,
  /// page 0 needs none afterwards.
  @Test func aRefusedNodeLeavesNoHeight() throws {
    let machine = try SmallMachine.boot(
      SmallMachine.spec(files: [("data", 4096), ("other", 1)]), trace: .digest)
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 2)
    machine.makeCgroup("b")
    // Two files and two areas leave 448 bytes of the page that objects have; the other page is what
    // the load wants.
    func map(_ name: String) -> Operation {
      .map(area: name, .file("data", shared: true, from: 0), pages: nil)
    }
    machine.perform(
      [
        .open(file: "other"), map("A"), map("B"),
        .touch(
          area: "A", write: false, fill: false, AccessPattern(.sequential, from: 4000, length: 1)),
      ], in: "a")
    #expect(machine.vmstat(.oom_kill) == 1 && machine.vmstat(.nr_file_pages) == 0)
    machine.perform([.advise("data", .random), .readPages("data", 1)], in: "b")
    #expect(machine.stat(.file, of: "b") == 1)
    #expect(machine.stat(.slab_reclaimable, of: "b") == 0)
    #expect(machine.invariantProblems() == [])
  }

  /// An advice that is wrong opens nothing.
  @Test func wrongAdviceOpensNothing() throws {
    let machine = try boot(10)
    defer { machine.shutdown() }
    let answers = machine.perform(
      [.adviseFile(file: "data", .willneed, from: -1, length: nil)], in: "a")
    #expect(answers == [.failed(.EINVAL)])
    #expect(machine.stat(.slab_reclaimable, of: "a") == 0 && machine.usage(of: "a") == 0)
  }
}
