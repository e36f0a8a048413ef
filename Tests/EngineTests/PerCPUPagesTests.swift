// SPDX-License-Identifier: Apache-2.0
// The CPU's own lists: refilled by batches, drained from their tails, ever more while only frees
// come (reference 23 §23.7, 6.1).

import ReclaimEngine
import Testing

/// Per-CPU lists over one zone of never-used memory.
private final class PerCPUUnderTest {
  let zone: BuddyUnderTest
  let pages: PerCPUPages

  init(batch: Int, high: Int, growthLimit: Int = 4) throws {
    zone = try BuddyUnderTest(blocks: 4)
    zone.buddy.adoptFresh(
      from: BuddyUnderTest.start, to: BuddyUnderTest.start + 4096)
    pages = PerCPUPages(
      rows: zone.frames.rows, buddy: zone.buddy, batch: batch, high: high,
      .toOrderThree, growthLimit: growthLimit)
  }

  /// Pages on the per-CPU lists.
  var held: Int {
    var n = 0
    pages.forEachBlock { _, order in n += 1 << order }
    return n
  }

  var heldFrames: [UInt32] {
    var frames: [UInt32] = []
    pages.forEachBlock { frame, _ in frames.append(frame - BuddyUnderTest.start) }
    return frames
  }

  func take(_ n: Int, order: Int = 0, _ mobility: Mobility = .movable) -> [UInt32] {
    (0..<n).map { _ in pages.take(order: order, mobility) }
  }
}

@Suite struct PerCPUPagesTests {
  @Test func anEmptyListIsRefilledWithABatchInBuddyOrder() throws {
    let cpu = try PerCPUUnderTest(batch: 7, high: 1000)
    #expect(cpu.take(1) == [BuddyUnderTest.start])
    #expect(cpu.heldFrames == [1, 2, 3, 4, 5, 6])
    #expect(cpu.zone.free == 4096 - 7)
    _ = cpu.take(6)
    #expect(cpu.held == 0 && cpu.zone.free == 4096 - 7)
    _ = cpu.take(1)
    #expect(cpu.held == 6 && cpu.zone.free == 4096 - 14)
  }

  @Test(arguments: [(1, 3), (2, 2), (3, 2)])
  func largerBlocksComeFewerAtATime(order: Int, blocks: Int) throws {
    let cpu = try PerCPUUnderTest(batch: 7, high: 1000)
    _ = cpu.take(1, order: order)
    #expect(cpu.held == (blocks - 1) << order)
  }

  @Test func whatWasFreedLastIsTakenFirst() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 1000)
    let frames = cpu.take(3)
    cpu.pages.free(frames[1], order: 0)
    cpu.pages.free(frames[0], order: 0)
    #expect(cpu.take(2) == [frames[0], frames[1]])
  }

  @Test func aListBelowHighKeepsWhatIsFreedAndOneAtHighIsDrained() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 16)
    let frames = cpu.take(32)
    #expect(cpu.held == 0)
    for frame in frames.prefix(15) { cpu.pages.free(frame, order: 0) }
    #expect(cpu.held == 15)
    cpu.pages.free(frames[15], order: 0)
    #expect(cpu.held == 12)
  }

  /// Drained pages come from the tail: those that have waited longest.
  @Test func theOldestPagesAreGivenBack() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 16)
    let frames = cpu.take(32)
    for frame in frames.prefix(16) { cpu.pages.free(frame, order: 0) }
    #expect(cpu.heldFrames == (4..<16).reversed().map { UInt32($0) })
  }

  /// Each drain doubles up to 2^limit batches, but never beyond high minus a batch; an allocation
  /// halves it.
  @Test func drainsGrowWhileOnlyFreesCome() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 200, growthLimit: 4)
    let frames = cpu.take(1000)
    var next = 0
    func drained() -> Int {
      while true {
        let before = cpu.held
        cpu.pages.free(frames[next], order: 0)
        next += 1
        if cpu.held <= before { return before + 1 - cpu.held }
      }
    }
    #expect((0..<6).map { _ in drained() } == [4, 8, 16, 32, 64, 64])
    _ = cpu.take(2)
    #expect(drained() == 8)
    #expect(drained() == 16)
  }

  @Test func aDrainLeavesABatch() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 16, growthLimit: 4)
    let frames = cpu.take(400)
    for frame in frames.prefix(200) {
      cpu.pages.free(frame, order: 0)
      #expect(cpu.held >= 4 || frame < BuddyUnderTest.start + 4)
    }
  }

  @Test func aZoneTooSmallForABatchGivesBackOneByOne() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 3)
    let frames = cpu.take(8)
    for frame in frames.prefix(2) { cpu.pages.free(frame, order: 0) }
    #expect(cpu.held == 2)
    cpu.pages.free(frames[2], order: 0)
    #expect(cpu.held == 2)
  }

  /// The list of the page just freed comes first.
  @Test func theListOfThePageJustFreedIsDrainedFirst() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 16)
    _ = cpu.take(1, .unmovable)
    #expect(cpu.held == 3)
    let frames = cpu.take(32)
    for frame in frames.prefix(13) { cpu.pages.free(frame, order: 0) }
    #expect(cpu.held == 12)
    // The other list keeps all three of its own.
    #expect(cpu.heldFrames.count { $0 < 1024 } == 3)
    #expect(cpu.heldFrames.count == 12)
  }

  @Test func aFreedPageGoesToTheListOfItsBlock() throws {
    let cpu = try PerCPUUnderTest(batch: 4, high: 1000)
    let frame = cpu.take(1, .unmovable)[0]
    cpu.pages.free(frame, order: 0)
    #expect(cpu.take(1, .unmovable) == [frame])
  }

  @Test func drainingEverythingMergesItBack() throws {
    let cpu = try PerCPUUnderTest(batch: 7, high: 1000)
    let frames = cpu.take(100)
    for frame in frames { cpu.pages.free(frame, order: 0) }
    cpu.pages.drainAll()
    #expect(cpu.held == 0)
    #expect(cpu.zone.wholeBlocks == 4)
  }
}
