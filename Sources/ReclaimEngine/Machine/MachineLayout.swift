// SPDX-License-Identifier: Apache-2.0
// Where everything lies in a machine that is about to be booted: zones, free blocks, pages in use.
//
// A zone described in words is one fresh range. A recorded one has its free blocks: whole order-10
// blocks at its top, smaller ones below, each the upper half of a pair whose lower half is in use,
// so that no two merge; each mobility in pageblocks of its own. What lies below is in use, and some
// of it is what boot put on LRU and per-CPU lists.

import UAPI

struct MachineLayout {
  private struct ZonePlan {
    var spec: ZoneSpec
    var start: UInt32
    var end: UInt32
    /// First frame of the part that holds free blocks; below it everything is in use.
    var freeFrom: UInt32
    var blocks: [(frame: UInt32, order: Int, mobility: Mobility)] = []
    var fresh: (from: UInt32, to: UInt32)
  }

  let frameCount: Int
  let slotCount: Int
  let lists: NodeListState
  let firstListFrame: UInt32
  /// Where the frames in use among which the lists' pages lie end.
  let usedEnd: UInt32
  private let plans: [ZonePlan]
  private let scaleFactor: Int?
  private let minFreeKilobytes: Int?
  private let cpus: Int
  private let boostFactor: Int

  init(_ spec: MachineSpec) throws(BootError) {
    guard spec.nodes.count == 1, let node = spec.nodes.first else {
      throw BootError(
        "\(spec.nodes.count) nodes: machines of several nodes are not built yet, expected 1")
    }
    guard spec.cpus == 1 else {
      throw BootError("\(spec.cpus) CPUs: machines of several CPUs are not built yet, expected 1")
    }
    guard !node.zones.isEmpty else { throw BootError("node 0 has no zone") }
    cpus = spec.cpus
    boostFactor = spec.sysctl("vm.watermark_boost_factor") ?? 15_000
    var plans: [ZonePlan] = []
    var next: UInt32 = 1024
    for zone in node.zones {
      guard zone.managed > 0, zone.managed <= zone.present, zone.present <= zone.spanned else {
        throw BootError(
          "zone \(zone.kind.name): managed \(zone.managed), present \(zone.present), spanned "
            + "\(zone.spanned), expected 0 < managed <= present <= spanned")
      }
      let plan = try Self.plan(zone, after: next)
      plans.append(plan)
      next = (plan.end + 1023) & ~1023
    }
    self.plans = plans
    frameCount = Int(plans.map(\.end).max()!) + 1
    slotCount = Self.slotCount(spec, node)
    lists = node.lists
    scaleFactor = spec.sysctl("vm.watermark_scale_factor")
    minFreeKilobytes = spec.sysctl("vm.min_free_kbytes")

    // Boot's pages on lists lie where the largest zone is in use, behind those on its per-CPU
    // lists.
    let home = plans.max { $0.spec.managed < $1.spec.managed }!
    firstListFrame =
      Self.perCPUBlocks(home).map { ($0.frame | 511) + 1 }.max()
      ?? home.start
    usedEnd = home.freeFrom
    let listed =
      lists.inactiveAnon + lists.activeAnon + lists.inactiveFile + lists.activeFile
      + lists.unevictable
    guard UInt64(firstListFrame) + UInt64(listed) <= UInt64(home.freeFrom) else {
      throw BootError(
        "zone \(home.spec.kind.name): \(listed) pages on lists do not fit beside its free blocks")
    }
  }

  private static func slotCount(_ spec: MachineSpec, _ node: NodeSpec) -> Int {
    let swap = spec.disks.reduce(0) { $0 + ($1.use == .swap ? $1.size.pages.count : 0) }
    return slots(
      files: spec.files.reduce(0) { $0 + $1.size.count + 64 },
      memory: node.zones.reduce(0) { $0 + $1.managed }, swap: swap)
  }

  /// Slots for the pages of all files, and entries for areas of twice what memory and swap hold.
  /// What nobody uses costs address space only.
  static func slots(files: Int, memory: Int, swap: Int) -> Int {
    max(files + (1 << 20), 1 << 22, min(files + 2 * (memory + swap), Int(UInt32.max) - 64))
  }

  private static func plan(_ zone: ZoneSpec, after next: UInt32) throws(BootError) -> ZonePlan {
    let start = max(zone.startPFN ?? Int(next), 1)
    guard start + zone.spanned < Int(UInt32.max) else {
      throw BootError("zone \(zone.kind.name): \(zone.spanned) pages are more than can be named")
    }
    let first = UInt32(start), end = UInt32(start + zone.spanned)
    guard let state = zone.state else {
      let from = (first + 1023) & ~1023, to = end & ~1023
      guard from < to else {
        throw BootError("zone \(zone.kind.name): \(zone.managed) pages, expected at least 2048")
      }
      return ZonePlan(spec: zone, start: first, end: end, freeFrom: from, fresh: (from, to))
    }
    var plan = ZonePlan(spec: zone, start: first, end: end, freeFrom: end, fresh: (end, end))
    try place(state, &plan)
    return plan
  }

  /// Places a recorded zone's free blocks from its top downwards.
  private static func place(_ state: ZoneState, _ plan: inout ZonePlan) throws(BootError) {
    let whole = UInt32(state.freeBlocks[1][10])
    let top = plan.end & ~1023
    guard top >= plan.start + whole * 1024 else { throw tooSmall(plan) }
    plan.fresh = (top - whole * 1024, top)
    var cursor = plan.fresh.from
    // freeBlocks counts unmovable, movable, reclaimable.
    for (row, mobility) in [(1, Mobility.movable), (2, .reclaimable), (0, .unmovable)] {
      guard state.freeBlocks[row].contains(where: { $0 > 0 }) else { continue }
      cursor &= ~511
      let largest = mobility == .movable ? 9 : 10
      var last = largest
      for order in Self.orders(state.freeBlocks[row], upTo: largest, isLowest: cursor <= 512) {
        let pair = UInt32(1) << UInt32(order + 1)
        // Small unmovable blocks are what is left of pageblocks in use: who claims a large one
        // leaves them. Slabs fill a pageblock from its bottom, so what they leave is one piece.
        if order < 5, last >= 5, mobility == .unmovable, cursor > 512 { cursor &= ~511 }
        last = order
        let blockEnd = order == 10 ? cursor & ~1023 : cursor & ~(pair - 1)
        guard blockEnd >= plan.start + pair / 2 else { throw tooSmall(plan) }
        cursor = blockEnd - pair / 2
        plan.blocks.append((cursor, order, mobility))
      }
    }
    guard cursor >= plan.start else { throw tooSmall(plan) }
    plan.freeFrom = cursor
    let apart = (state.perCPU >= 512 ? 512 : 0) + (state.perCPUReclaimable > 0 ? 512 : 0)
    guard Int(plan.freeFrom - plan.start) >= state.perCPU + apart else {
      throw tooSmall(plan)
    }
  }

  /// Orders of the blocks of one mobility from the top down: the largest lies highest. In the first
  /// pageblock of memory the others lie below it the smallest first (recordings: what fallbacks
  /// take there, and what is left).
  private static func orders(_ blocks: [Int], upTo largest: Int, isLowest: Bool) -> [Int] {
    var orders: [Int] = []
    for order in stride(from: largest, through: 0, by: -1) {
      orders += [Int](repeating: order, count: blocks[order])
    }
    return isLowest ? Array(orders.prefix(1) + orders.dropFirst().reversed()) : orders
  }

  private static func tooSmall(_ plan: ZonePlan) -> BootError {
    BootError("zone \(plan.spec.kind.name): its free blocks do not fit into its frames")
  }

  /// The node, its zones filled with what is free.
  func makeNode(_ frames: FrameTable, _ profile: KernelProfile) throws(BootError) -> Node {
    let computed = ZoneNumbers.of(
      plans.map { ($0.spec.kind, $0.spec.managed) }, profile, cpus: cpus,
      minFreeKilobytes: minFreeKilobytes, scaleFactor: scaleFactor)
    let zones = zip(plans, computed).map { plan, computed in
      let buddy = BuddyAllocator(rows: frames.rows, start: plan.start, end: plan.end)
      if plan.fresh.from < plan.fresh.to {
        buddy.adoptFresh(from: plan.fresh.from, to: plan.fresh.to)
      }
      for block in plan.blocks { buddy.adopt(block.frame, order: block.order, block.mobility) }
      let numbers = plan.spec.state.map { ZoneNumbers($0) } ?? computed
      let perCPU = PerCPUPages(
        rows: frames.rows, buddy: buddy, batch: numbers.batch, high: numbers.perCPUHigh,
        profile.perCPULists, growthLimit: profile.numbers.perCPUDrainGrowth)
      for block in Self.perCPUBlocks(plan) {
        buddy.setMobility(
          block.order == 0 && plan.spec.state?.perCPUInMovable == true ? .movable : block.mobility,
          ofBlockAt: block.frame)
        perCPU.adopt(block.frame, order: block.order, block.mobility)
      }
      return Zone(
        kind: plan.spec.kind, managed: plan.spec.managed, present: plan.spec.present,
        watermarks: numbers.marks, protection: Self.forEachZone(numbers.protection),
        buddy: buddy, perCPU: perCPU,
        boostFactor: boostFactor)
    }
    return Node(number: 0, zones: zones)
  }

  /// Where the pages lie that a zone's per-CPU lists hold at boot. A whole huge page among them is
  /// what recordings suggest (6.1): a drain that comes to it gives it back at once, and kernel
  /// pages do not come out of it.
  private static func perCPUBlocks(
    _ plan: ZonePlan
  ) -> [(frame: UInt32, order: Int, mobility: Mobility)] {
    guard let state = plan.spec.state else { return [] }
    var left = state.perCPU
    var next = plan.start
    var blocks: [(frame: UInt32, order: Int, mobility: Mobility)] = []
    if left >= 512 {
      let aligned = (plan.start + 511) & ~511
      blocks.append((aligned, 9, .unmovable))
      next = aligned + 512
      left -= 512
    }
    let reclaimable = min(state.perCPUReclaimable, left)
    for k in 0..<(left - reclaimable) { blocks.append((next + UInt32(k), 0, .unmovable)) }
    // Pageblocks of their own.
    next = (next + UInt32(left - reclaimable) + 511) & ~511
    for k in 0..<reclaimable { blocks.append((next + UInt32(k), 0, .reclaimable)) }
    return blocks
  }

  /// /proc/zoneinfo has no column for a zone that no machine of its kind has: the last one holds.
  private static func forEachZone(_ protection: [Int]) -> [Int] {
    (0..<4).map { $0 < protection.count ? protection[$0] : protection.last ?? 0 }
  }
}
