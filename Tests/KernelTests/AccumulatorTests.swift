// SPDX-License-Identifier: Apache-2.0
// 5.10's memcg statistics: published in steps, by each statistic itself (reference 16 §16.9).

import ReclaimEngine
import Testing
import UAPI

@Suite struct AccumulatorTests {
  private func tree() throws -> (MemcgTree, StatisticAccumulators, a: UInt16, b: UInt16) {
    let tree = try MemcgTree(profile: .linux5_10)
    let a = try #require(tree.makeChild(of: tree.root, named: "a"))
    let b = try #require(tree.makeChild(of: a, named: "b"))
    return (tree, try #require(tree.accumulators), a.number, b.number)
  }

  @Test func whatGrowsByOnesIsSeenInStepsOf33() throws {
    let (tree, seen, a, _) = try tree()
    var shown: [Int] = []
    for _ in 0..<70 {
      seen.add(1, to: .pgfault, of: a)
      shown.append(seen.value(.pgfault, of: a))
    }
    #expect(
      shown == [Int](repeating: 0, count: 32) + [Int](repeating: 33, count: 33) + [
        66, 66, 66, 66, 66,
      ])
    withExtendedLifetime(tree) {}
  }

  @Test func manyOnesAreTheSameAsOneAfterTheOther() throws {
    let (tree, seen, a, b) = try tree()
    for n in [5, 40, -3, 100, -170] {
      seen.addOnes(n, to: .file, of: a)
      for _ in 0..<abs(n) { seen.add(n.signum(), to: .file, of: b) }
      // What a shows is its own and what b shows.
      #expect(seen.value(.file, of: a) == 2 * seen.value(.file, of: b))
    }
    withExtendedLifetime(tree) {}
  }

  @Test func oneUpdateOfManyGoesOutWhole() throws {
    let (tree, seen, a, _) = try tree()
    seen.add(20, to: .pgscan, of: a)
    #expect(seen.value(.pgscan, of: a) == 0)
    seen.add(30, to: .pgscan, of: a)
    #expect(seen.value(.pgscan, of: a) == 50)
    seen.add(32, to: .pgscan, of: a)
    #expect(seen.value(.pgscan, of: a) == 50)
    withExtendedLifetime(tree) {}
  }

  @Test func whatShrinksIsSeenInStepsAsWell() throws {
    let (tree, seen, a, _) = try tree()
    seen.add(100, to: .anon, of: a)
    seen.addOnes(-32, to: .anon, of: a)
    #expect(seen.value(.anon, of: a) == 100)
    seen.addOnes(-1, to: .anon, of: a)
    #expect(seen.value(.anon, of: a) == 67)
    withExtendedLifetime(tree) {}
  }

  @Test func anAncestorSeesWhatItsDescendantsPublishAndNothingElse() throws {
    let (tree, seen, a, b) = try tree()
    seen.addOnes(20, to: .file, of: a)
    seen.addOnes(20, to: .file, of: b)
    #expect(seen.value(.file, of: a) == 0)
    seen.addOnes(13, to: .file, of: b)
    #expect(seen.value(.file, of: a) == 33 && seen.value(.file, of: b) == 33)
    seen.addOnes(13, to: .file, of: a)
    #expect(seen.value(.file, of: a) == 66 && seen.value(.file, of: b) == 33)
    withExtendedLifetime(tree) {}
  }

  @Test func bytesAreCollectedUpTo32Pages() throws {
    let (tree, seen, a, _) = try tree()
    seen.addBytes(32 << 12, to: .slab_reclaimable, of: a)
    #expect(seen.value(.slab_reclaimable, of: a) == 0)
    seen.addBytes(1, to: .slab_reclaimable, of: a)
    #expect(seen.value(.slab_reclaimable, of: a) == 32 << 12 + 1)
    withExtendedLifetime(tree) {}
  }

  @Test func reclaimReadsThePublishedListsWhateverIsFlushed() throws {
    let (tree, seen, a, _) = try tree()
    seen.addOnes(40, to: .inactive_file, of: a)
    seen.addOnes(34, to: .workingset_activate_anon, of: a)
    tree.publish()
    #expect(tree.lruvec(a).pointee.publishedSizes.inactiveFile == 33)
    #expect(tree.lruvec(a).pointee.publishedActivations.anon == 33)
    #expect(tree.lruvec(tree.root.number).pointee.publishedSizes.inactiveFile == 33)
  }

  @Test func aReaderNeverSeesLessThanNothing() throws {
    let (tree, seen, a, _) = try tree()
    seen.addOnes(32, to: .active_file, of: a)
    seen.add(-65, to: .active_file, of: a)
    #expect(seen.value(.active_file, of: a) == -33)
    #expect(tree.lruvec(a).pointee.publishedSizes.activeFile == 0)
  }

  @Test func memoryStatShowsWhatIsPublished() throws {
    let steps: [Operation] = [.mapAnonymous, .write(0, 32), .write(32, 1), .write(33, 40)]
    #expect(try Driven("5.10").stat(.anon, after: steps) == [0, 0, 33, 66])
    #expect(try Driven("6.1").stat(.anon, after: steps) == [0, 32, 33, 73])
    #expect(try Driven("5.10").stat(.anon, in: "a/b", after: steps) == [0, 0, 33, 66])
  }

  /// Whoever moves folios or counts for a cgroup must tell the accumulators.
  @Test func everyStatisticIsPublishedOrWaits() throws {
    let driven = try Driven("5.10")
    var problems: Set<String> = []
    var operations: [Operation] = [.setCgroup(path: "a", settings: [.max(Pages(600))])]
    operations += [.read(1000), .read(500), .mapAnonymous, .write(0, 900), .write(100, 50)]
    operations += [
      .lock(area: "A", from: 10, length: 40), .unlock(area: "A", from: 20, length: 10),
      .adviseArea(area: "A", .cold, from: 0, length: 60),
      .adviseArea(area: "A", .free, from: 200, length: 50),
      .adviseArea(area: "A", .pageout, from: 300, length: 50),
      .adviseFile(file: "data", .dontneed, from: 0, length: 64),
      .mark(name: "m"), .unmap(area: "A"), .read(700),
      .adviseFile(file: "data", .dontneed, from: 600, length: 64),
    ]
    let outcomes = driven.perform(operations, in: "a/b") { machine in
      problems.formUnion(machine.invariantProblems().filter { $0.hasPrefix("statistic") })
    }
    #expect(outcomes.count == operations.count)
    #expect(problems.sorted() == [])
    #expect(driven.machine.observe()[.pswpout] > 0)
  }

  /// A page that is read joins a list in a batch of 15, one update each.
  @Test func listsAreShownInSteps() throws {
    let reads: [Operation] = [.read(4), .read(100)]
    let shown = try Driven("5.10").stat(.inactive_file, after: reads)
    #expect(shown.allSatisfy { $0 % 33 == 0 } && shown.last! > 0)
  }
}
