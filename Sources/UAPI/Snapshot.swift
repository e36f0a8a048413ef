// SPDX-License-Identifier: Apache-2.0
// A plain copy of what can be seen of a machine at one moment.

package import Timeline

package struct Snapshot: Sendable, Equatable {
  package var at: Instant
  /// Indexed by VmCounter.
  package var vmstat: [Int]
  package var nodes: [NodeSnapshot]
  /// In order of creation; the root, "/", first.
  package var cgroups: [CgroupSnapshot]
  /// Those of the counters that this kernel has, in the order of its file.
  package var fields: [VmCounter]

  package init(
    at: Instant, vmstat: [Int], nodes: [NodeSnapshot], cgroups: [CgroupSnapshot],
    fields: [VmCounter] = VmCounter.allCases
  ) {
    self.at = at
    self.vmstat = vmstat
    self.nodes = nodes
    self.cgroups = cgroups
    self.fields = fields
  }

  package subscript(_ counter: VmCounter) -> Int { vmstat[counter.rawValue] }

  /// The cgroup of that path ("a/b", "/" for the root).
  package func cgroup(_ path: String) -> CgroupSnapshot? { cgroups.first { $0.path == path } }
}

package struct NodeSnapshot: Sendable, Equatable {
  /// The node's own items; indexed by VmCounter, zero where the item is not a node's.
  package var vmstat: [Int]
  package var zones: [ZoneSnapshot]
  /// Those of the counters that this kernel has.
  package var fields: [VmCounter]

  package init(
    vmstat: [Int], zones: [ZoneSnapshot], fields: [VmCounter] = VmCounter.allCases
  ) {
    self.vmstat = vmstat
    self.zones = zones
    self.fields = fields
  }

  package subscript(_ counter: VmCounter) -> Int { vmstat[counter.rawValue] }
}

package struct ZoneSnapshot: Sendable, Equatable {
  package var kind: ZoneSpec.Kind
  package var free: Int
  package var perCPU: Int
  package var managed: Int
  package var min: Int, low: Int, high: Int
  /// Free blocks of each order 0…10, all mobilities.
  package var freeBlocks: [Int]

  package init(
    kind: ZoneSpec.Kind, free: Int, perCPU: Int, managed: Int, min: Int, low: Int, high: Int,
    freeBlocks: [Int]
  ) {
    self.kind = kind
    self.free = free
    self.perCPU = perCPU
    self.managed = managed
    self.min = min
    self.low = low
    self.high = high
    self.freeBlocks = freeBlocks
  }
}

package struct CgroupSnapshot: Sendable, Equatable {
  package var path: String
  /// Indexed by MemcgCounter; hierarchical.
  package var stat: [Int]
  /// Indexed by MemcgEvent; hierarchical.
  package var events: [Int]
  /// memory.current and memory.swap.current in pages; nil for the root, which has no such file.
  package var current: Int?
  package var swapCurrent: Int?
  /// memory.events.local, indexed by MemcgEvent, and memory.swap.events, by SwapEvent.
  package var localEvents = [Int](repeating: 0, count: MemcgEvent.count)
  package var swapEvents = [Int](repeating: 0, count: SwapEvent.count)
  /// memory.peak in pages; nil where there is no such file.
  package var peak: Int?
  package var pressure = PressureSnapshot()
  /// Those of the counters that this kernel's memory.stat and memory.events have.
  package var statCounters: [MemcgCounter] = MemcgCounter.allCases
  package var eventCounters: [MemcgEvent] = MemcgEvent.allCases

  package init(path: String, stat: [Int], events: [Int], current: Int?, swapCurrent: Int?) {
    self.path = path
    self.stat = stat
    self.events = events
    self.current = current
    self.swapCurrent = swapCurrent
  }

  package subscript(_ counter: MemcgCounter) -> Int { stat[counter.rawValue] }
  package subscript(_ event: MemcgEvent) -> Int { events[event.rawValue] }
  package func swapEvent(_ event: SwapEvent) -> Int { swapEvents[event.rawValue] }
}

extension Snapshot {
  /// What changed from `earlier` on, levels and events alike: of cgroups that are in both, and of
  /// new ones since they were made.
  package static func - (later: Snapshot, earlier: Snapshot) -> Snapshot {
    Snapshot(
      at: Instant(nanoseconds: (later.at - earlier.at).count),
      vmstat: subtract(later.vmstat, earlier.vmstat),
      nodes: zip(later.nodes, earlier.nodes).map { $0 - $1 },
      cgroups: later.cgroups.map { cgroup in
        earlier.cgroup(cgroup.path).map { cgroup - $0 } ?? cgroup
      }, fields: later.fields)
  }

  fileprivate static func subtract(_ a: [Int], _ b: [Int]) -> [Int] { zip(a, b).map { $0 - $1 } }
}

extension NodeSnapshot {
  /// Counters are subtracted; the zones stay the later ones.
  fileprivate static func - (later: NodeSnapshot, earlier: NodeSnapshot) -> NodeSnapshot {
    NodeSnapshot(
      vmstat: Snapshot.subtract(later.vmstat, earlier.vmstat), zones: later.zones,
      fields: later.fields)
  }
}

extension CgroupSnapshot {
  fileprivate static func - (later: CgroupSnapshot, earlier: CgroupSnapshot) -> CgroupSnapshot {
    func difference(_ a: Int?, _ b: Int?) -> Int? { a.map { $0 - (b ?? 0) } }
    var change = CgroupSnapshot(
      path: later.path, stat: Snapshot.subtract(later.stat, earlier.stat),
      events: Snapshot.subtract(later.events, earlier.events),
      current: difference(later.current, earlier.current),
      swapCurrent: difference(later.swapCurrent, earlier.swapCurrent))
    change.statCounters = later.statCounters
    change.eventCounters = later.eventCounters
    return change
  }
}
