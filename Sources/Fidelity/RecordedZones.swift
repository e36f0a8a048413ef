// SPDX-License-Identifier: Apache-2.0
// The zones of a node as its /proc/zoneinfo and /proc/buddyinfo told them: a recorded machine's, or
// a captured host's.

import UAPI

extension RecordedConfiguration.Node {
  /// Its zones that manage memory, lowest first.
  /// - Parameter free: free blocks by order of the zone that buddyinfo calls so: "0 DMA32".
  func zones(
    number: Int, kernel: String, free: (String) throws(RecordingError) -> [Int]
  ) throws(RecordingError) -> [ZoneSpec] {
    let highest = ZoneSpec.Kind.allCases.last { (zones[$0.name]?.managed ?? 0) > 0 }
    var specs: [ZoneSpec] = []
    for kind in ZoneSpec.Kind.allCases {
      guard let zone = zones[kind.name], zone.managed > 0 else { continue }
      let row = RecordedBuddy.row(
        kernel: kernel, zone: kind.name, managed: zone.managed, isHighest: kind == highest)
      // Marks are printed with the boost of the moment.
      let boost = zone.boost ?? 0
      specs.append(
        ZoneSpec(
          kind: kind, startPFN: zone.start_pfn, managed: zone.managed, present: zone.present,
          spanned: zone.spanned,
          state: ZoneState(
            freeBlocks: row.split(try free("\(number) \(kind.name)")),
            perCPU: zone.pagesets.reduce(0) { $0 + $1.count },
            batch: zone.pagesets.first?.batch ?? 1, high: zone.pagesets.first?.high ?? 0,
            watermarks: (zone.min - boost, zone.low - boost, zone.high - boost),
            protection: zone.protection)))
    }
    return specs
  }
}
