// SPDX-License-Identifier: Apache-2.0
// A copy of what can be seen of a machine: counters, levels, cgroups.

package import UAPI

extension Machine {
  package func observe() -> Snapshot {
    let memory = self.memory
    let node = memory.nodeSnapshot()
    return Snapshot(
      at: timeline.now, vmstat: node.vmstat, nodes: [node], cgroups: memory.cgroupSnapshots(),
      fields: memory.profile.vmstatForm.counters)
  }
}

extension Memory {
  /// What reading cpu.stat and then memory.stat of every cgroup does to the published statistics
  /// (reference 16 §16.9).
  func publishForReader() {
    tree.publish()
    if tree.statistics.isDue { tree.statistics.wasFlushed() }
  }

  fileprivate func nodeSnapshot() -> NodeSnapshot {
    var vmstat = (0..<VmCounter.count).map { node.counters.values[$0] }
    func add(_ n: Int, _ counter: VmCounter) { vmstat[counter.rawValue] += n }
    func set(_ n: Int, _ counter: VmCounter) { vmstat[counter.rawValue] = n }
    let sizes = tree.books.head.pointee.totals
    set(sizes.inactiveAnon, .nr_inactive_anon)
    set(sizes.activeAnon, .nr_active_anon)
    set(sizes.inactiveFile, .nr_inactive_file)
    set(sizes.activeFile, .nr_active_file)
    set(sizes.unevictable, .nr_unevictable)
    set(sizes.inactiveAnon, .nr_zone_inactive_anon)
    set(sizes.activeAnon, .nr_zone_active_anon)
    set(sizes.inactiveFile, .nr_zone_inactive_file)
    set(sizes.activeFile, .nr_zone_active_file)
    set(sizes.unevictable, .nr_zone_unevictable)
    set(node.zones.reduce(0) { $0 + $1.writePending }, .nr_zone_write_pending)
    set(node.zones.reduce(0) { $0 + $1.free }, .nr_free_pages)
    for zone in node.zones {
      add(zone.allocated, Self.allocations[zone.kind.rawValue])
      add(zone.freed, .pgfree)
      add(zone.served, .numa_hit)
      add(zone.served, .numa_local)
    }
    for (global, counter) in Self.refaults {
      for group in tree.all { add(tree.counters(group.number)[counter.rawValue], global) }
    }
    return NodeSnapshot(
      vmstat: vmstat, zones: node.zones.map(\.snapshot), fields: profile.vmstatForm.counters)
  }

  private static let allocations: [VmCounter] = [
    .pgalloc_dma, .pgalloc_dma32, .pgalloc_normal, .pgalloc_movable,
  ]

  /// Counters that are kept per cgroup only; the node's are their sum.
  private static let refaults: [(VmCounter, MemcgCounter)] = [
    (.workingset_refault_anon, .workingset_refault_anon),
    (.workingset_refault_file, .workingset_refault_file),
    (.workingset_activate_anon, .workingset_activate_anon),
    (.workingset_activate_file, .workingset_activate_file),
    (.workingset_restore_anon, .workingset_restore_anon),
    (.workingset_restore_file, .workingset_restore_file),
  ]

  /// Every cgroup that has a name.
  func cgroupSnapshots() -> [CgroupSnapshot] {
    let stats = statistics()
    return tree.all.filter(\.isOnline).map { snapshot(of: $0, stats[Int($0.number)]) }
  }

  /// One of them.
  func snapshot(of group: MemCgroup) -> CgroupSnapshot {
    var stat = [Int](repeating: 0, count: MemcgCounter.count)
    var walk = tree.walk(below: group.number)
    while let number = walk.next() {
      for (k, n) in localStat(number).enumerated() { stat[k] += n }
    }
    return snapshot(of: group, stat)
  }

  private func snapshot(of group: MemCgroup, _ stat: [Int]) -> CgroupSnapshot {
    let row = tree.rows[Int(group.number)]
    var snapshot = CgroupSnapshot(
      path: group.path, stat: published(group) ?? stat, events: group.events,
      current: group.isRoot ? nil : row.usage, swapCurrent: group.isRoot ? nil : row.swapUsage)
    snapshot.pressure = pressure.snapshot(of: group.number)
    snapshot.localEvents = group.localEvents
    snapshot.swapEvents = group.swapEvents
    snapshot.statCounters = MemoryStatText.counters(profile.oomReport)
    snapshot.eventCounters = MemcgEvent.allCases.filter(profile.oomReport.has)
    switch profile.memoryPeak {
    case .absent: snapshot.peak = nil
    case .sinceCreation: snapshot.peak = group.isRoot ? nil : row.peak
    }
    return snapshot
  }

  /// Exact statistics by number, of each cgroup and those below it.
  private func statistics() -> [[Int]] {
    var stats = [[Int]](repeating: [], count: tree.numbers)
    let all = tree.all
    for group in all { stats[Int(group.number)] = localStat(group.number) }
    for group in all.reversed() {
      guard let parent = group.parent else { continue }
      for k in 0..<MemcgCounter.count {
        stats[Int(parent.number)][k] += stats[Int(group.number)][k]
      }
    }
    return stats
  }

  /// memory.stat where accumulators publish it.
  private func published(_ group: MemCgroup) -> [Int]? {
    guard let accumulators = tree.accumulators else { return nil }
    return MemcgCounter.allCases.map { max(0, accumulators.value($0, of: group.number)) }
  }

  /// The cgroup's own part of memory.stat, exact.
  func localStat(_ number: UInt16) -> [Int] {
    var stat = (0..<MemcgCounter.count).map { tree.counters(number)[$0] }
    let sizes = tree.lruvec(number).pointee.sizes
    let row = tree.rows[Int(number)]
    stat[MemcgCounter.inactive_anon.rawValue] = sizes.inactiveAnon
    stat[MemcgCounter.active_anon.rawValue] = sizes.activeAnon
    stat[MemcgCounter.inactive_file.rawValue] = sizes.inactiveFile
    stat[MemcgCounter.active_file.rawValue] = sizes.activeFile
    stat[MemcgCounter.unevictable.rawValue] = sizes.unevictable
    stat[MemcgCounter.kernel.rawValue] = row.kernelPages
    stat[MemcgCounter.slab_reclaimable.rawValue] = row.slabReclaimable
    stat[MemcgCounter.slab_unreclaimable.rawValue] = row.slabUnreclaimable
    return stat
  }
}

extension Zone {
  var snapshot: ZoneSnapshot {
    ZoneSnapshot(
      kind: kind, free: free, perCPU: perCPU.count, managed: managed, min: watermarks.min,
      low: watermarks.low, high: watermarks.high,
      freeBlocks: (0..<BuddyAllocator.orders).map { order in
        Mobility.allCases.reduce(0) { $0 + buddy.freeBlocks(order: order, $1) }
      })
  }
}
