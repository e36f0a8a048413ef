// SPDX-License-Identifier: Apache-2.0
// Many cgroups: names are found however many there are, a flush publishes what changed and nothing
// else, and walks leave out only those in which there is nothing to do.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct ManyCgroupsTests {
  @Test func eachOfThousandsIsFoundByItsName() throws {
    let tree = try MemcgTree(profile: .linux6_1)
    let parents = (0..<3).map { tree.makeChild(of: tree.root, named: "slice\($0)")! }
    for k in 0..<3000 { _ = tree.makeChild(of: parents[k % 3], named: "service\(k / 3)") }
    for k in 0..<3000 {
      #expect(tree.find("slice\(k % 3)/service\(k / 3)")?.number == UInt16(5 + k))
    }
    #expect(tree.find("slice0/service1000") == nil && tree.find("service0") == nil)
  }

  @Test func removedNamesAreFreeAndOthersAreStillFound() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    for k in 0..<300 { machine.makeCgroup("c\(k)") }
    let removed = stride(from: 0, to: 300, by: 3).map { "c\($0)" }
    #expect(
      machine.perform(removed.map { .removeCgroup(path: $0) })
        == removed.map { _ in .done })
    for k in 0..<300 {
      #expect((machine.memory.tree.find("c\(k)") == nil) == k.isMultiple(of: 3), "c\(k)")
    }
    machine.makeCgroup("c3")
    #expect(machine.memory.tree.find("c3")?.number == 302)
    #expect(machine.observe().cgroups.count == 202)
  }

  /// Whatever happened, a flush leaves the sums of subtrees, and no book is wrong meanwhile.
  @Test(arguments: Seeds.list(6), ["5.10", "6.1"])
  func aFlushLeavesTheSumsOfSubtrees(seed: UInt64, kernel: String) throws {
    var spec = SmallMachine.spec(memory: Bytes(16 << 20), files: [("data", 6000)], seed: seed)
    spec.kernel = kernel
    let machine = try SmallMachine.boot(spec)
    defer { machine.shutdown() }
    let paths = (0..<4).flatMap { a in ["p\(a)"] + (0..<5).map { "p\(a)/c\($0)" } }
    for path in paths { machine.makeCgroup(path) }
    var random = SplitMix64(seed: seed)
    var removed: Set<String> = []
    for step in 0..<60 {
      let path = random.pick(paths)
      if removed.contains(path) { continue }
      let from = random.below(5000)
      switch random.below(8) {
      case 0:
        if machine.perform([.removeCgroup(path: path)]) == [.done] { removed.insert(path) }
      case 1: machine.perform([.setCgroup(path: path, settings: [.max(Pages(300))])])
      default: machine.perform([.readPages("data", from: from, 1 + random.below(900))], in: path)
      }
      #expect(machine.invariantProblems() == [], "seed \(seed), step \(step)")
    }
    guard kernel == "6.1" else { return }
    let tree = machine.memory.tree
    tree.publish()
    for path in paths + ["/"] where !removed.contains(path) {
      let group = try #require(tree.find(path))
      let published = tree.lruvec(group.number).pointee.publishedSizes
      let stat = try #require(machine.observe().cgroup(path)).stat
      #expect(published.inactiveFile == stat[MemcgCounter.inactive_file.rawValue], "\(path)")
      #expect(published.activeFile == stat[MemcgCounter.active_file.rawValue], "\(path)")
    }
  }

  /// Two cgroups of many hold pages: reclaim finds both, the small one at late priorities.
  @Test func reclaimFindsTheFewThatHoldAnything() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 4000)]))
    defer { machine.shutdown() }
    machine.makeCgroup("p")
    for k in 0..<200 { machine.makeCgroup("p/c\(k)") }
    machine.perform([.readPages("data", 5)], in: "p/c77")
    machine.perform([.readPages("data", from: 1000, 1500)], in: "p/c150")
    machine.perform([.reclaim(path: "p", 5000)])
    #expect(machine.stat(.file, of: "p/c77") == 0)
    #expect(machine.stat(.file, of: "p/c150") == 0)
    #expect(machine.invariantProblems() == [])
  }

  /// A control file's name is too little for a scan, and yet its shrinker is asked at
  /// every priority, in the order of the walk, unless nothing is charged to its payer.
  @Test func namesAreAskedForAtEveryPriorityWhereListsAreEmpty() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 400)]))
    defer { machine.shutdown() }
    machine.makeCgroup("p")
    for k in 0..<9 { machine.makeCgroup("p/c\(k)") }
    // Each pays for the name of the next one's file; the last has not entered any.
    let moves = (0..<9).map { Operation.enter(path: "p/c\($0)") } + [.enter(path: "/")]
    #expect(machine.perform(moves) == moves.map { _ in .done })
    machine.perform([.readPages("data", 5)], in: "p/c8")
    let before = machine.events.count
    machine.perform([.reclaim(path: "p", 400)])
    var asked: [Int: Int] = [:]
    for event in machine.events.dropFirst(before) {
      guard
        case .shrinkSlabStart(let name, _, _, _, _, _, _, let priority) =
          event, name == "super_cache_scan"
      else { continue }
      asked[priority, default: 0] += 1
    }
    let cycle = (0...12).map { asked[$0] ?? 0 }
    #expect(cycle[12] >= 8 && cycle.allSatisfy { $0 == cycle[12] }, "\(cycle)")
    #expect(machine.invariantProblems() == [])
  }
}
