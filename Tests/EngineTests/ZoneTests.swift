// SPDX-License-Identifier: Apache-2.0
// The watermark test at its edge, and zones tried from the highest down (reference 23 §§23.4,
// 23.6).

import ReclaimEngine
import Testing
import UAPI

/// Makes zones over frames that live as long as it does.
private final class ZonesUnderTest {
  private let frames: FrameTable

  init() throws { frames = try FrameTable(frames: 16384) }

  /// One zone of `blocks` times 1024 pages, never used unless `adopt` says what is free.
  func zone(
    _ kind: ZoneSpec.Kind = .normal, at start: UInt32 = 1024, blocks: Int = 4,
    protection: [Int] = [0, 0, 0, 0], adopt: ((BuddyAllocator) -> Void)? = nil
  ) -> Zone {
    let end = start + UInt32(blocks) * 1024
    let buddy = BuddyAllocator(rows: frames.rows, start: start, end: end)
    if let adopt { adopt(buddy) } else { buddy.adoptFresh(from: start, to: end) }
    // Lists of one page: what is free is what the marks see.
    let perCPU = PerCPUPages(
      rows: frames.rows, buddy: buddy, batch: 1, high: 1, .toOrderThree, growthLimit: 0)
    return Zone(
      kind: kind, managed: blocks * 1024, watermarks: marks, protection: protection, buddy: buddy,
      perCPU: perCPU)
  }
}

/// min 400, low 500, high 600 where 4000 pages are managed.
private let marks = Watermarks.ofZone(
  managed: 4000, total: 4000, minFreeKilobytes: 1600, scaleFactor: 10)

@Suite struct ZoneTests {
  private let zones: ZonesUnderTest

  init() throws { zones = try ZonesUnderTest() }

  /// The caps of reference 17.12.
  @Test(arguments: [(12_000, 18_000), (1000, 1500), (100, 512)])
  func marksAreBoostedByHalfOfTheHighMarkMore(high: Int, limit: Int) {
    #expect(Zone.boostLimit(managed: 116_500, high: high, factor: 15_000) == limit)
  }

  @Test func smallZonesAndAFactorOfNothingAreNotBoosted() {
    #expect(Zone.boostLimit(managed: 2048, high: 100, factor: 15_000) == 512)
    #expect(Zone.boostLimit(managed: 2047, high: 100, factor: 15_000) == 0)
    #expect(Zone.boostLimit(managed: 116_500, high: 1000, factor: 0) == 0)
  }

  private func takeDown(_ zone: Zone, to free: Int) {
    while zone.free > free { _ = zone.take(order: 0, .movable) }
  }

  @Test func aPageMayBeTakenDownToOneAboveLow() {
    #expect(marks.low == 500)
    let zone = zones.zone()
    takeDown(zone, to: 501)
    #expect(zone.isAboveLow(order: 0, classZone: 2))
    #expect(zone.take(order: 0, .movable) != 0)
    #expect(zone.free == 500)
    #expect(!zone.isAboveLow(order: 0, classZone: 2))
  }

  @Test func aBlockCountsAllButOneOfItsPages() {
    let zone = zones.zone()
    takeDown(zone, to: 504)
    #expect(zone.isAboveLow(order: 2, classZone: 2))
    #expect(!zone.isAboveLow(order: 3, classZone: 2))
    takeDown(zone, to: 503)
    #expect(!zone.isAboveLow(order: 2, classZone: 2))
  }

  @Test func aBlockMustExist() {
    let zone = zones.zone { buddy in
      for k in 0..<1000 { buddy.adopt(1024 + UInt32(k) * 2, order: 0, .movable) }
    }
    #expect(zone.isAboveLow(order: 0, classZone: 2))
    #expect(!zone.isAboveLow(order: 1, classZone: 2))
  }

  @Test func whatIsKeptBackDependsOnTheClassOfTheRequest() {
    let zone = zones.zone(.dma32, protection: [0, 0, 100, 300])
    takeDown(zone, to: 801)
    #expect(zone.isAboveLow(order: 0, classZone: 3))
    takeDown(zone, to: 800)
    #expect(!zone.isAboveLow(order: 0, classZone: 3))
    #expect(zone.isAboveLow(order: 0, classZone: 2))
    takeDown(zone, to: 600)
    #expect(!zone.isAboveLow(order: 0, classZone: 2))
    #expect(zone.isAboveLow(order: 0, classZone: 1))
  }
}

@Suite struct PageAllocatorTests {
  private let zones: ZonesUnderTest

  init() throws { zones = try ZonesUnderTest() }

  /// Movable pages may use the Movable zone, kernel pages go up to Normal.
  @Test func kernelPagesNeverComeFromTheMovableZone() {
    let node = Node(number: 0, zones: [zones.zone(), zones.zone(.movable, at: 8192)])
    let allocator = PageAllocator(node: node)
    #expect(allocator.allocate(order: 0, .movable) >= 8192)
    #expect((1024..<5120).contains(allocator.allocate(order: 0, .unmovable)))
    #expect((1024..<5120).contains(allocator.allocate(order: 1, .reclaimable)))
  }

  /// The lower zone serves only when the higher one is down to its mark, and the last page above
  /// all marks is the last one given.
  @Test func zonesServeFromTheHighestDownToTheirMarks() {
    let low = zones.zone(.dma32, blocks: 2, protection: [0, 0, 200, 200])
    let high = zones.zone(at: 8192, blocks: 2)
    let allocator = PageAllocator(node: Node(number: 0, zones: [low, high]))
    var served: [Bool] = []
    var taken: [UInt32] = []
    while true {
      let frame = allocator.allocate(order: 0, .movable)
      if frame == 0 { break }
      taken.append(frame)
      served.append(frame >= 8192)
    }
    #expect(served.count == (2048 - 500) + (2048 - 700))
    #expect(served.firstIndex(of: false) == 2048 - 500)
    #expect(high.free == 500 && low.free == 700)
    allocator.free(taken[0], order: 0)
    #expect(high.free == 501)
    #expect(allocator.allocate(order: 0, .movable) == taken[0])
    #expect(allocator.allocate(order: 0, .movable) == 0)
  }
}
