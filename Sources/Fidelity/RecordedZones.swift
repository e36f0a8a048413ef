// SPDX-License-Identifier: Apache-2.0
// The zones of a node as its /proc/zoneinfo and /proc/buddyinfo told them: a recorded machine's, or
// a captured host's.

import UAPI

extension RecordedConfiguration.Node {
  /// Its zones that manage memory, lowest first.
  /// - Parameters:
  ///   - madeFiles: files were made before.
  ///   - hasDropped: directories of files were made and dropped.
  ///   - reclaimableSlabs: pages of slabs that can be reclaimed; nil: what is usual.
  ///   - furtherTasks: tasks forked and waiting besides the first.
  ///   - free: free blocks by order of the zone that buddyinfo calls so: "0 DMA32".
  func zones(
    number: Int, kernel: String, madeFiles: Bool = true, hasDropped: Bool = false,
    reclaimableSlabs: Int? = nil, furtherTasks: Int = 0,
    free: (String) throws(RecordingError) -> [Int]
  ) throws(RecordingError) -> [ZoneSpec] {
    let highest = ZoneSpec.Kind.allCases.last { (zones[$0.name]?.managed ?? 0) > 0 }
    var specs: [ZoneSpec] = []
    for kind in ZoneSpec.Kind.allCases {
      guard let zone = zones[kind.name], zone.managed > 0 else { continue }
      let hasDropped = hasDropped && kind == highest && kind != .dma
      let blocks = try free("\(number) \(kind.name)")
      var row =
        hasDropped
        ? RecordedBuddy.dropped(kernel: kernel, managed: zone.managed, free: blocks)
        : RecordedBuddy.row(
          kernel: kernel, zone: kind.name, managed: zone.managed, isHighest: kind == highest,
          madeFiles: madeFiles, free: blocks)
      if kind == highest, kind != .dma, !hasDropped {
        if let reclaimableSlabs {
          row.leaveReclaimable(
            kernel: kernel, managed: zone.managed, slabs: reclaimableSlabs, free: blocks)
        }
        row.useUnmovable(furtherTasks * Self.unmovablePerTask, free: blocks)
      }
      let perCPU = zone.pagesets.reduce(0) { $0 + $1.count }
      // Marks are printed with the boost of the moment.
      let boost = zone.boost ?? 0
      var state = ZoneState(
        freeBlocks: row.split(blocks), perCPU: perCPU,
        batch: zone.pagesets.first?.batch ?? 1, high: zone.pagesets.first?.high ?? 0,
        watermarks: (zone.min - boost, zone.low - boost, zone.high - boost),
        protection: zone.protection)
      if hasDropped { state.perCPUReclaimable = max(0, perCPU % 512 - Self.perCPUOfBoot) }
      // Once they are given back the kernel's next page falls back (traces of exits).
      state.perCPUInMovable = kernel == "5.10" && kind == .dma32 && !hasDropped
      specs.append(
        ZoneSpec(
          kind: kind, startPFN: zone.start_pfn, managed: zone.managed, present: zone.present,
          spanned: zone.spanned, state: state))
    }
    return specs
  }

  /// Unmovable pages of a forked task that waits for its turn: 38 page tables (nr_page_table_pages
  /// of machines with several tasks), and about one of slabs. Stacks are kept from earlier tasks.
  private static let unmovablePerTask = 39

  /// Pages on the CPU's lists of a machine that dropped no directory; what there are more were
  /// freed with it.
  private static let perCPUOfBoot = 18
}
