// SPDX-License-Identifier: Apache-2.0
// Which frames a machine of so much memory has, what its kernel takes of them, and how the free
// rest lies in blocks.
//
// What grows with memory was read off recorded machines of 256 to 640 MiB and explains them to the
// page: 64 bytes for each frame, and two hash tables whose buckets of 8 bytes, one for each 8 KiB
// (dentries) and 16 KiB (inodes), are rounded up to a power of two. They lie at the top of memory.

import UAPI

struct MemoryMap {
  struct ZoneShare {
    var kind: ZoneSpec.Kind
    var start: Int
    var spanned: Int
    var present: Int
    var managed: Int
    /// [unmovable, movable, reclaimable][order 0…10]
    var freeBlocks: [[Int]]
  }

  private static let dmaEnd = 4096
  private static let devicesStart = 786_432
  private static let normalStart = 1_048_576
  /// Frames 1 to 158: what a PC has below its video memory; frame 0 is nobody's.
  private static let dmaPresent = 158 + 4096 - 256
  /// A zone in which the kernel's allocations, a few thousand pages, are no matter.
  private static let roomy = 1 << 16
  /// Pages that must be free above the high mark for a machine to be of use: 4 MiB.
  private static let leastFree = 1024

  private(set) var zones: [ZoneShare] = []

  /// nil when the kernel does not fit.
  init?(_ memory: Bytes, _ boot: BootMemory) {
    let frames = memory.pages.count
    let low = min(frames, Self.devicesStart), high = frames - low
    guard low > Self.dmaEnd else { return nil }
    let dmaManaged = Self.dmaPresent - boot.lowReserved
    zones = [
      ZoneShare(
        kind: .dma, start: 1, spanned: Self.dmaEnd - 1, present: Self.dmaPresent,
        managed: dmaManaged, freeBlocks: Self.dmaBlocks(free: dmaManaged - boot.inDMA))
    ]
    var tables = (frames + 63) / 64 + Self.hashPages(frames)
    var normal = high
    // A zone Normal too small for the tables leaves them to the one below.
    if high >= 2 * tables {
      normal -= tables
      tables = 0
    }
    zones.append(
      ZoneShare(
        kind: .dma32, start: Self.dmaEnd,
        // Where memory goes on above, the zone spans the devices' part as well.
        spanned: (high > 0 ? Self.normalStart : low) - Self.dmaEnd, present: low - Self.dmaEnd,
        managed: low - Self.dmaEnd - boot.image - tables, freeBlocks: []))
    if high > 0 {
      zones.append(
        ZoneShare(
          kind: .normal, start: Self.normalStart, spanned: high, present: high, managed: normal,
          freeBlocks: []))
    }
    guard fillBlocks(boot) else { return nil }
  }

  /// The least memory, in whole MiB, with which a kernel boots.
  static func least(_ boot: BootMemory) -> Bytes {
    var mebibytes: UInt64 = 16
    while MemoryMap(Bytes(mebibytes << 20), boot) == nil { mebibytes += 1 }
    return Bytes(mebibytes << 20)
  }

  /// Divides what is free in the zones above DMA into blocks. The kernel allocates in the highest
  /// zone that is roomy.
  /// - Returns: false when too little is left.
  private mutating func fillBlocks(_ boot: BootMemory) -> Bool {
    var allocated = boot.allocated - boot.inDMA
    let home = zones.lastIndex { $0.managed >= Self.roomy } ?? 1
    for i in zones.indices.dropFirst() where i != home {
      // What is no whole block is the kernel's as well: there may be no frames in use to lie
      // beside.
      let rest = max(zones[i].managed, 0) % 1024
      zones[i].freeBlocks = Self.blocks(free: zones[i].managed - rest, [], [])
      allocated -= rest
    }
    let free = zones[home].managed - max(allocated, 0)
    let pinned = [boot.unmovableBlocks, boot.reclaimableBlocks].reduce(0) { $0 + Self.pages($1) }
    let mark = Watermarks.minFreeKilobytes(lowMemoryPages: free) / 4 * 3 / 2
    guard free >= pinned + mark + Self.leastFree else { return false }
    zones[home].freeBlocks = Self.blocks(
      free: free, boot.unmovableBlocks, boot.reclaimableBlocks)
    return true
  }

  private static func pages(_ blocks: [Int]) -> Int {
    blocks.enumerated().reduce(0) { $0 + $1.element << $1.offset }
  }

  private static func hashPages(_ frames: Int) -> Int {
    [2, 4].reduce(0) { sum, pagesPerBucket in
      var buckets = 1
      while buckets < frames / pagesPerBucket { buckets *= 2 }
      return sum + buckets * 8 / Pages.size
    }
  }

  /// Whole blocks of order 10, and one block for each binary digit of the rest.
  private static func blocks(free: Int, _ unmovable: [Int], _ reclaimable: [Int]) -> [[Int]] {
    let none = [Int](repeating: 0, count: BuddyAllocator.orders)
    let movable = free - pages(unmovable) - pages(reclaimable)
    var row = none
    for order in 0..<10 { row[order] = movable >> order & 1 }
    row[10] = movable >> 10
    return [unmovable.isEmpty ? none : unmovable, row, reclaimable.isEmpty ? none : reclaimable]
  }

  /// Zone DMA: 3584 pages nobody has asked for, and the kernel's few below them.
  private static func dmaBlocks(free: Int) -> [[Int]] {
    let none = [Int](repeating: 0, count: BuddyAllocator.orders)
    var movable = none, unmovable = none
    movable[10] = 3
    movable[9] = 1
    for order in 0..<9 { unmovable[order] = (free - 3584) >> order & 1 }
    return [unmovable, movable, none]
  }
}
