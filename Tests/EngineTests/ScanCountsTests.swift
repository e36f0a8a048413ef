// SPDX-License-Identifier: Apache-2.0
// How much of each list, and when it is enough: the vectors of reference 17.2 and 17.5, and the
// table of 05 §5.6.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct ScanCountsTests {
  private func counts(_ ia: Int, _ aa: Int, _ inf: Int, _ af: Int) -> ScanCounts {
    var counts = ScanCounts()
    counts.counts = (ia, aa, inf, af)
    return counts
  }

  /// The loop of shrink_lruvec with batches that yield a fixed number of pages.
  /// - Parameter isWhole: as a direct reclaim of the machine at its first priority, which scans all
  ///   that it set out to.
  private func run(
    _ targets: ScanCounts, yields: (anon: Int, file: Int), wanted: Int, isWhole: Bool = false
  ) -> (iterations: Int, scanned: ScanCounts, reclaimed: Int) {
    var left = targets, scanned = ScanCounts()
    var iterations = 0, reclaimed = 0
    while left.keepsGoing {
      iterations += 1
      for list in 0..<4 where left[list] != 0 {
        let n = min(left[list], 32)
        left[list] -= n
        scanned[list] += n
        if list & 1 == 0 { reclaimed += list == 0 ? yields.anon : yields.file }
      }
      if reclaimed < wanted || isWhole { continue }
      guard left.keepProportion(to: targets) else { break }
    }
    return (iterations, scanned, reclaimed)
  }

  @Test func theOtherSideIsCutToTheSameShare() {
    let small = run(counts(64, 64, 512, 256), yields: (20, 30), wanted: 32)
    #expect(small.iterations == 2)
    #expect(small.scanned == counts(32, 32, 64, 64))
    #expect(small.reclaimed == 80)
    let large = run(counts(300, 300, 1000, 500), yields: (10, 16), wanted: 100)
    #expect(large.iterations == 5)
    #expect(large.scanned == counts(128, 128, 160, 160))
    #expect(large.reclaimed == 120)
  }

  @Test func theFirstPriorityOfTheMachinesReclaimScansEverything() {
    let all = run(counts(64, 64, 512, 256), yields: (20, 30), wanted: 32, isWhole: true)
    #expect(all.iterations == 16)
    #expect(all.scanned == counts(64, 64, 512, 256))
    #expect(all.reclaimed == 520)
  }

  @Test func withOneSideAtItsEndNothingIsLeftToDo() {
    for var left in [counts(0, 0, 100, 50), counts(10, 10, 0, 0)] {
      let goesOn = left.keepProportion(to: counts(64, 64, 512, 256))
      #expect(!goesOn)
    }
  }

  @Test func activeAnonAloneDoesNotKeepTheLoopGoing() {
    #expect(!counts(0, 100, 0, 0).keepsGoing)
    #expect(counts(1, 0, 0, 0).keepsGoing)
    #expect(counts(0, 0, 0, 1).keepsGoing)
  }

  @Test(arguments: [
    (1, 3), (2, 4), (4, 6), (10, 10), (16, 12), (64, 25), (100, 31), (256, 50), (1024, 101),
  ])
  func theInactiveShareSinksWithMemory(gigabytes: Int, ratio: Int) throws {
    let memory = try SmallMachine.boot().memory
    let total = gigabytes << 18
    // The last inactive size at which inactive × ratio < active.
    var low = 0, high = total
    while high - low > 1 {
      let middle = (low + high) / 2
      if memory.isInactiveLow(middle, total - middle) { low = middle } else { high = middle }
    }
    #expect(low * ratio < total - low)
    #expect(high * ratio >= total - high)
  }

  @Test func belowAGigabyteTheListsMustBeEqual() throws {
    let memory = try SmallMachine.boot().memory
    #expect(!memory.isInactiveLow(100, 100))
    #expect(memory.isInactiveLow(99, 100))
    #expect(memory.isInactiveLow((1 << 17) - 1, 1 << 17))
    // One page more and the ratio is 3.
    #expect(!memory.isInactiveLow(1 << 17, 1 << 17))
    #expect(!memory.isInactiveLow(1 << 16, 3 << 16))
    #expect(memory.isInactiveLow(1 << 16 - 1, 3 << 16 + 1))
  }
}

/// Targets as a machine's own reclaim meets them.
@Suite struct ScanTargetTests {
  /// Fills a cgroup's inactive list with exactly `n` pages and asks for one.
  private func firstScan(_ n: Int) throws -> (requested: Int, priority: Int)? {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", n)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.advise("data", .random), .readPages("data", n)], in: "a")
    machine.perform([.reclaim(path: "a", 1)])
    var requested: Int?
    for event in machine.events {
      if case .lruIsolate(_, _, _, let n, _, _, _, .inactive_file) = event { requested = n }
      if case .lruShrinkInactive(_, _, _, _, _, _, _, _, _, _, _, let priority, _) = event {
        return requested.map { ($0, priority) }
      }
    }
    return nil
  }

  /// The first priority at which the list gives anything is the first that scans.
  @Test(arguments: [(4096, 12, 1), (4095, 11, 1), (8191, 12, 1), (8192, 12, 2)])
  func aListGivesItsShareOfThePriority(pages: Int, priority: Int, requested: Int) throws {
    let first = try #require(try firstScan(pages))
    #expect(first == (requested, priority))
  }
}
