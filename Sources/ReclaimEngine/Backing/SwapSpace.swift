// SPDX-License-Identifier: Apache-2.0
// The swap of a machine as reclaim sees it: how much a cgroup may still use, and who pays for it
// (reference 22 §22.1).

import UAPI

final class SwapSpace {
  let area: SwapArea
  /// The device where it takes time; nil for one whose I/O is done by whoever submits it.
  private(set) var device: BlockDevice?
  var clusterReadahead = ClusterReadahead()
  private let tree: MemcgTree
  private let allocator: PageAllocator
  private let slabs: SlabCaches
  private let frames: FrameTable
  private let nodes: SwapTree
  private var ramDisk = RamDisk()
  /// Where zram keeps its pages; nil on other devices.
  private let pool: CompressedPool?
  private let isRamDisk: Bool

  /// - Throws: BootError where the device is of no use.
  init(
    _ device: DiskSpec, tree: MemcgTree, allocator: PageAllocator, slabs: SlabCaches,
    frames: FrameTable, profile: KernelProfile, _ periods: GracePeriods
  ) throws(BootError) {
    self.tree = tree
    self.allocator = allocator
    self.slabs = slabs
    self.frames = frames
    let pool =
      device.kind == .zram
      ? CompressedPool(allocator, frames, compressedPage: device.compressedPage) : nil
    self.pool = pool
    isRamDisk = device.kind == .brd
    let nodes = try SwapTree(slots: device.size.pages.count, slabs, periods)
    self.nodes = nodes
    let arena = try SwapArea.slots(of: device)
    let slots = arena.rows
    area = try SwapArea(device, slots: arena, clusterSize: profile.numbers.swapCluster) {
      offsets, n in
      for k in 0..<n { nodes.prefetch(offsets[k]) }
      tree.uncharge(slots, offsets, n)
      for k in 0..<n where slots[Int(offsets[k])].memcg != 0 { nodes.remove(offsets[k]) }
      // zram is told, and forgets the page at once; other devices are not.
      guard let pool else { return }
      for k in 0..<n where slots[Int(offsets[k])].stored > 0 {
        pool.drop(slots[Int(offsets[k])].stored)
        slots[Int(offsets[k])].stored = 0
      }
    }
  }

  /// Bytes that the device holds for a page that is not compressed.
  static let wholePage: UInt16 = 4096

  /// Whether what is written takes no memory of the machine.
  var isOutside: Bool { pool == nil && !isRamDisk }

  /// A page arrives on the device, which may need memory of the machine for it.
  /// - Returns: false when there was none.
  func write(_ slot: UnsafeMutablePointer<SwapSlot>) -> Bool {
    if let pool {
      if slot.pointee.stored > 0 { pool.drop(slot.pointee.stored) }
      slot.pointee.stored = pool.size(isFilled: slot.pointee.isFilled)
      return pool.store(slot.pointee.stored)
    }
    let isFirst = slot.pointee.stored == 0
    slot.pointee.stored = Self.wholePage
    return !isFirst || !isRamDisk || ramDisk.grow(allocator, slabs, frames)
  }

  var total: Int { area.total }

  /// Pages of the machine that the device holds, without the nodes of a RAM disk's tree.
  var pagesOnDevice: Int { pool?.pages ?? ramDisk.pages }

  /// Gives a timed device its place on the timeline.
  func attach(_ device: BlockDevice) { self.device = device }

  /// mem_cgroup_get_nr_swap_pages, as far as it matters: whether the cgroup may use another slot.
  @inline(__always) func isAvailable(to memcg: UInt16) -> Bool {
    if area.free <= 0 { return false }
    var at = memcg
    while at != 0 {
      let row = tree.rows + Int(at)
      if row.pointee.swapUsage >= row.pointee.swapMax { return false }
      at = row.pointee.parent
    }
    return true
  }

  /// A charged slot for a folio of the cgroup, with its place in the swap cache; nil when the area
  /// or a swap.max is exhausted, or no memory is left for a node.
  func take(for memcg: UInt16) -> UInt32? {
    guard let offset = area.take() else {
      if memcg != MemcgTree.rootNumber { tree.cgroup(memcg).countSwap(.fail) }
      return nil
    }
    let rows = tree.rows
    var at = memcg
    while at != 0 {
      let row = rows + Int(at)
      if _slowPath(row.pointee.swapUsage >= row.pointee.swapMax) {
        area.freed(offset)
        row.pointee.swapFailures += 1
        tree.cgroup(at).countSwap(.max)
        tree.cgroup(at).countSwap(.fail)
        return nil
      }
      at = row.pointee.parent
    }
    guard nodes.add(offset) else {
      area.freed(offset)
      return nil
    }
    at = memcg
    while at != 0 {
      rows[Int(at)].swapUsage &+= 1
      at = rows[Int(at)].parent
    }
    area.slots[Int(offset)].memcg = memcg
    area.slots[Int(offset)].references = 0
    return offset
  }

  /// mem_cgroup_swap_full: more than half in use, globally or of some ancestor's swap.max.
  func isFull(for memcg: UInt16) -> Bool {
    if area.isFull { return true }
    var at = memcg
    while at != 0 {
      if 2 * tree.rows[Int(at)].swapUsage >= tree.rows[Int(at)].swapMax { return true }
      at = tree.rows[Int(at)].parent
    }
    return false
  }
}

extension MemcgTree {
  /// Swap slots go back to the area: whoever they are charged to has them no longer. Neighbours of
  /// one cgroup are taken from its counters, and its ancestors', together.
  fileprivate func uncharge(
    _ slots: UnsafeMutablePointer<SwapSlot>, _ offsets: UnsafeMutablePointer<UInt32>, _ n: Int
  ) {
    var k = 0
    while k < n {
      let memcg = slots[Int(offsets[k])].memcg
      var end = k &+ 1
      while end < n, slots[Int(offsets[end])].memcg == memcg { end &+= 1 }
      var at = memcg
      while at != 0 {
        let row = rows + Int(at)
        row.pointee.swapUsage -= end &- k
        if _slowPath(row.pointee.isOffline) { releaseIfEmpty(at) }
        at = row.pointee.parent
      }
      if memcg != 0 { statistics.noteOnes(end &- k) }
      k = end
    }
  }
}
