// SPDX-License-Identifier: Apache-2.0
// The numbers that a kernel derives from the sizes of a node's zones: marks, per-CPU lists, and
// what lower zones keep back.
//
// A kernel computes them at boot, when init code, init data and the initial ramdisk are not given
// back yet, and keeps them; whoever writes min_free_kbytes or watermark_scale_factor afterwards has
// them computed anew, from what is managed by then (reference 23 §23.1). So the caller says which
// sizes count. Formulas: reference 23 §23.1 to §23.3 and §23.7.

package import UAPI

package struct ZoneNumbers: Equatable {
  package var marks: Watermarks
  /// Pages that a per-CPU list takes at a time, and from how many on it gives back.
  package var batch: Int
  package var perCPUHigh: Int
  /// lowmem_reserve against requests up to DMA, DMA32, Normal, Movable.
  package var protection: [Int]

  /// The numbers of each zone of a machine of one node, lowest zone first.
  /// - Parameters:
  ///   - zones: kind and managed pages of each.
  ///   - minFreeKilobytes: vm.min_free_kbytes; nil: what the kernel itself makes of the sizes.
  ///   - scaleFactor: vm.watermark_scale_factor; nil: the kernel's default.
  package static func of(
    _ zones: [(kind: ZoneSpec.Kind, managed: Int)], _ profile: KernelProfile, cpus: Int,
    minFreeKilobytes: Int? = nil, scaleFactor: Int? = nil
  ) -> [ZoneNumbers] {
    let total = zones.reduce(0) { $0 + $1.managed }
    let minFree = minFreeKilobytes ?? Watermarks.minFreeKilobytes(lowMemoryPages: total)
    var byKind = [0, 0, 0, 0]
    for zone in zones { byKind[zone.kind.rawValue] += zone.managed }
    let reserves = Watermarks.reserves(managed: byKind)
    return zones.map { zone in
      let marks = Watermarks.ofZone(
        managed: zone.managed, total: total, minFreeKilobytes: minFree,
        scaleFactor: scaleFactor ?? profile.numbers.watermarkScaleFactor)
      let batch = Watermarks.perCPUBatch(managed: zone.managed)
      return ZoneNumbers(
        marks: marks, batch: batch,
        perCPUHigh: Watermarks.perCPUHigh(
          profile.perCPULists, managed: zone.managed, low: marks.low, cpus: cpus),
        protection: reserves[zone.kind.rawValue])
    }
  }
}
