// SPDX-License-Identifier: Apache-2.0
// Free blocks: split, merge, other mobilities' blocks, memory that was never used (reference 23
// §23.9).

import ReclaimEngine
import TestSupport
import Testing
import Timeline

/// The free lists of one zone of frames [1024, 1024 + n).
final class BuddyUnderTest {
  static let start: UInt32 = 1024
  let frames: FrameTable
  let buddy: BuddyAllocator

  init(blocks: Int = 4) throws {
    let end = Self.start + UInt32(blocks) * 1024
    frames = try FrameTable(frames: Int(end) + 1)
    buddy = BuddyAllocator(rows: frames.rows, start: Self.start, end: end)
  }

  /// Listed blocks as "order: frame", relative to the start of the zone.
  func listed(_ mobility: Mobility) -> [[Int]] {
    var found: [[Int]] = []
    buddy.forEachListedBlock { frame, order, of in
      if of == mobility { found.append([order, Int(frame - Self.start)]) }
    }
    return found
  }

  func free(_ mobility: Mobility) -> Int {
    (0..<BuddyAllocator.orders).reduce(0) { $0 + buddy.freeBlocks(order: $1, mobility) << $1 }
  }

  var wholeBlocks: Int {
    Mobility.allCases.reduce(0) { $0 + buddy.freeBlocks(order: 10, $1) }
  }

  var free: Int { Mobility.allCases.reduce(0) { $0 + free($1) } }
}

@Suite struct BuddyAllocatorTests {
  static let start = BuddyUnderTest.start

  @Test func aBlockIsSplitAndItsUpperHalvesStay() throws {
    let zone = try BuddyUnderTest(blocks: 1)
    zone.buddy.adopt(Self.start, order: 10, .movable)
    #expect(zone.buddy.take(order: 0, .movable) == Self.start)
    #expect(zone.listed(.movable) == (0..<10).map { [$0, 1 << $0] })
    #expect(zone.free == 1023)
  }

  @Test func theSmallestBlockThatServesIsTaken() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adopt(Self.start, order: 10, .movable)
    zone.buddy.adopt(Self.start + 1024 + 8, order: 3, .movable)
    #expect(zone.buddy.take(order: 2, .movable) == Self.start + 1024 + 8)
    #expect(zone.listed(.movable) == [[2, 1024 + 12], [10, 0]])
  }

  @Test func freedBlocksMergeAsFarAsTheirBuddiesAreFree() throws {
    let zone = try BuddyUnderTest(blocks: 1)
    zone.buddy.adopt(Self.start, order: 10, .movable)
    let first = zone.buddy.take(order: 0, .movable), second = zone.buddy.take(order: 0, .movable)
    let third = zone.buddy.take(order: 1, .movable)
    #expect([first, second, third] == [Self.start, Self.start + 1, Self.start + 2])
    zone.buddy.free(second, order: 0)
    #expect(zone.listed(.movable).first == [0, 1])
    zone.buddy.free(third, order: 1)
    #expect(zone.buddy.freeBlocks(order: 10, .movable) == 0)
    zone.buddy.free(first, order: 0)
    #expect(zone.listed(.movable) == [[10, 0]])
  }

  /// Its buddy's twin of the next order is free: the block waits at the tail, to merge rather than
  /// be taken.
  @Test func aBlockThatMayMergeSoonGoesToTheTail() throws {
    let zone = try BuddyUnderTest(blocks: 2)
    zone.buddy.adopt(Self.start + 1024 + 4, order: 0, .movable)
    zone.buddy.adopt(Self.start + 2, order: 1, .movable)
    zone.buddy.free(Self.start + 1, order: 0)
    #expect(zone.listed(.movable).filter { $0[0] == 0 } == [[0, 1028], [0, 1]])
    zone.buddy.free(Self.start + 1024 + 16, order: 0)
    #expect(zone.listed(.movable).filter { $0[0] == 0 } == [[0, 1040], [0, 1028], [0, 1]])
  }

  @Test func memoryNeverUsedIsGivenUpBlockByBlockFromItsStart() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adoptFresh(from: Self.start, to: Self.start + 4096)
    #expect(zone.buddy.freeBlocks(order: 10, .movable) == 4)
    #expect(zone.listed(.movable) == [])
    #expect(zone.buddy.take(order: 10, .movable) == Self.start)
    #expect(zone.buddy.take(order: 0, .movable) == Self.start + 1024)
    #expect(zone.buddy.freeBlocks(order: 10, .movable) == 2)
    #expect(zone.free == 3071)
    #expect(zone.buddy.take(order: 10, .movable) == Self.start + 2048)
  }

  @Test func aListedBlockIsTakenBeforeMemoryNeverUsed() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adoptFresh(from: Self.start + 1024, to: Self.start + 4096)
    zone.buddy.adopt(Self.start, order: 10, .movable)
    #expect(zone.buddy.take(order: 10, .movable) == Self.start)
    #expect(zone.buddy.take(order: 10, .movable) == Self.start + 1024)
  }

  @Test func nothingServesWhenNoBlockIsLargeEnough() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adopt(Self.start, order: 3, .unmovable)
    #expect(zone.buddy.hasBlock(order: 3) && !zone.buddy.hasBlock(order: 4))
    #expect(zone.buddy.take(order: 4, .movable) == 0)
    #expect(zone.buddy.take(order: 3, .movable) == Self.start)
    #expect(zone.buddy.take(order: 0, .movable) == 0)
  }

  /// A kernel page finds only movable memory: a whole block of 1024 changes its mobility.
  @Test func aLargeBlockOfAnotherMobilityIsRetyped() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adoptFresh(from: Self.start, to: Self.start + 4096)
    #expect(zone.buddy.take(order: 1, .reclaimable) == Self.start)
    #expect(zone.buddy.mobility(of: Self.start) == .reclaimable)
    #expect(zone.buddy.mobility(of: Self.start + 512) == .reclaimable)
    #expect(zone.buddy.mobility(of: Self.start + 1024) == .movable)
    #expect(zone.free(.reclaimable) == 1022)
    #expect(zone.free(.movable) == 3072)
  }

  @Test func otherMobilitiesAreAskedInTheirOrder() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adopt(Self.start, order: 5, .movable)
    zone.buddy.adopt(Self.start + 1024, order: 5, .reclaimable)
    zone.buddy.adopt(Self.start + 2048, order: 5, .unmovable)
    _ = zone.buddy.take(order: 5, .unmovable)
    #expect(zone.buddy.take(order: 5, .unmovable) == Self.start + 1024)
    #expect(zone.buddy.take(order: 5, .unmovable) == Self.start)
  }

  /// Movable pages do not claim small blocks of others: the smallest that serves moves alone.
  @Test func movablePagesStealTheSmallestBlock() throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adopt(Self.start + 8, order: 3, .reclaimable)
    zone.buddy.adopt(Self.start + 64, order: 1, .unmovable)
    #expect(zone.buddy.take(order: 0, .movable) == Self.start + 64)
    #expect(zone.listed(.movable) == [[0, 65]])
    #expect(zone.listed(.reclaimable) == [[3, 8]])
    #expect(zone.buddy.mobility(of: Self.start + 64) == .unmovable)
  }

  /// A kernel page claims every free page of the block; the block itself changes its mobility when
  /// half of it is free.
  @Test(arguments: [(7, false), (8, true)])
  func aClaimTakesAllThatIsFreeInTheBlock(order: Int, retypes: Bool) throws {
    let zone = try BuddyUnderTest()
    zone.buddy.adopt(Self.start + 256, order: order, .unmovable)
    zone.buddy.adopt(Self.start + 8, order: 3, .unmovable)
    #expect(zone.buddy.take(order: 0, .reclaimable) == Self.start + 8)
    #expect(zone.free(.unmovable) == 0)
    #expect(zone.free(.reclaimable) == 1 << order + 7)
    #expect(zone.buddy.mobility(of: Self.start) == (retypes ? .reclaimable : .unmovable))
  }

  /// The first pageblock of memory begins before its zone: what lies below the claimed block stays,
  /// and does not count.
  @Test func aClaimInACutPageblockTakesFromTheBlockUpwards() throws {
    let frames = try FrameTable(frames: 1025)
    let buddy = BuddyAllocator(rows: frames.rows, start: 1, end: 1024)
    buddy.adopt(64, order: 6, .unmovable)
    buddy.adopt(256, order: 7, .unmovable)
    #expect(buddy.take(order: 0, .reclaimable) == 256)
    #expect(buddy.freeBlocks(order: 6, .unmovable) == 1)
    #expect(buddy.mobility(of: 256) == .unmovable)
  }

  /// Movable before, its unseen part counts as the kernel's: the whole pageblock changes hands.
  @Test func aClaimInACutMovablePageblockRetypesIt() throws {
    let frames = try FrameTable(frames: 1025)
    let buddy = BuddyAllocator(rows: frames.rows, start: 1, end: 1024)
    buddy.adopt(256, order: 7, .movable)
    #expect(buddy.take(order: 0, .reclaimable) == 256)
    #expect(buddy.mobility(of: 256) == .reclaimable)
  }

  /// Random takes and frees beside a map of who owns each frame: no block overlaps another, none
  /// leaves its alignment, and all of it merges back in the end.
  @Test(arguments: Seeds.list(8))
  func blocksNeverOverlapAndAllMergesBack(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let zone = try BuddyUnderTest(blocks: 3)
    zone.buddy.adoptFresh(from: Self.start, to: Self.start + 3072)
    var owned = [Bool](repeating: false, count: 3072)
    var taken: [(frame: UInt32, order: Int)] = []
    for step in 0..<4000 {
      if random.below(100) < 55 {
        let order = random.pick([0, 0, 0, 1, 2, 3, 5, 9, 10])
        let frame = zone.buddy.take(order: order, random.pick(Mobility.allCases))
        if frame == 0 { continue }
        try #require(frame & (1 << UInt32(order) - 1) == 0, "seed \(seed), step \(step)")
        for k in 0..<(1 << order) {
          try #require(!owned[Int(frame - Self.start) + k], "seed \(seed), step \(step)")
          owned[Int(frame - Self.start) + k] = true
        }
        taken.append((frame, order))
      } else if !taken.isEmpty {
        let (frame, order) = taken.remove(at: random.below(taken.count))
        for k in 0..<(1 << order) { owned[Int(frame - Self.start) + k] = false }
        zone.buddy.free(frame, order: order)
      }
      try #require(zone.free == owned.count { !$0 }, "seed \(seed), step \(step)")
    }
    for (frame, order) in taken { zone.buddy.free(frame, order: order) }
    #expect(zone.wholeBlocks == 3, "seed \(seed)")
  }
}
