// SPDX-License-Identifier: Apache-2.0
// A machine described in words ("4 GiB") as it stands when its first program may run.
//
//   frames 1 … 4095        zone DMA: what lies below 16 MiB, without the PC's hole below 1 MiB
//   16 MiB … 3 GiB         zone DMA32; the last GiB below 4 GiB belongs to devices
//   4 GiB …                zone Normal: all the rest
//
// Of the frames present a kernel manages those that it has not taken for itself: its image, a
// struct page of 64 bytes for each frame, and the hash tables of dentries and inodes. Of those
// managed some are allocated already: slabs, stacks, tables. What is left was never used, so it
// is kept as a range and costs nothing. No list has a page yet, and no cgroup but the root exists.

package import UAPI

package enum Boot {
  /// A machine of one node with that much memory.
  /// - Parameters:
  ///   - sysctls: by full name; vm.min_free_kbytes and vm.watermark_scale_factor set the marks.
  /// - Throws: BootError when there is no such kernel, the kernel does not fit, or the host has no
  ///   room for the rows.
  package static func spec(
    kernel: String, memory: Bytes, seed: UInt64 = 1, disks: [DiskSpec] = [],
    files: [FileSpec] = [], sysctls: [(name: String, value: Int)] = []
  ) throws(BootError) -> MachineSpec {
    let profile = try KernelProfile.require(kernel)
    try HostRoom.require(
      memory,
      HostRoom.Contents(
        files: files.reduce(0) { $0 + $1.size.count },
        swap: disks.reduce(0) { $0 + ($1.use == .swap ? $1.size.pages.count : 0) }))
    guard let map = MemoryMap(memory, profile.boot) else {
      throw BootError(
        "memory = \(memory.text): kernel \(kernel) needs more for itself, expected at least "
          + MemoryMap.least(profile.boot).text)
    }
    let numbers = numbers(of: map, profile, sysctls)
    let zones = zip(map.zones, numbers).map { zone, numbers in
      ZoneSpec(
        kind: zone.kind, startPFN: zone.start, managed: zone.managed, present: zone.present,
        spanned: zone.spanned,
        state: ZoneState(
          freeBlocks: zone.freeBlocks, perCPU: 0, batch: numbers.batch, high: numbers.perCPUHigh,
          watermarks: (numbers.marks.min, numbers.marks.low, numbers.marks.high),
          protection: numbers.protection))
    }
    let boot = profile.boot
    return MachineSpec(
      kernel: kernel, seed: seed, nodes: [NodeSpec(zones: zones)], disks: disks, files: files,
      sysctls: sysctls,
      vmstat: [
        ("nr_slab_reclaimable", boot.slabReclaimable),
        ("nr_slab_unreclaimable", boot.slabUnreclaimable),
        ("nr_kernel_stack", boot.stacks * 4),
      ])
  }

  /// What writing vm.min_free_kbytes or vm.watermark_scale_factor does to the zones of a machine
  /// that is described by its state. Its own min_free_kbytes, among `spec.sysctls`, stays where
  /// only the factor is written.
  package static func rewriteMarks(
    _ spec: inout MachineSpec, _ sysctls: [(name: String, value: Int)]
  ) throws(BootError) {
    let profile = try KernelProfile.require(spec.kernel)
    for n in spec.nodes.indices {
      let zones = spec.nodes[n].zones
      let managed = zones.map { (kind: $0.kind, managed: $0.managed) }
      let total = managed.reduce(0) { $0 + $1.managed }
      let numbers = ZoneNumbers.rewritten(
        zones.map { ZoneNumbers($0.state ?? ZoneState.none) }, managed: managed, profile,
        cpus: spec.cpus,
        minFreeKilobytes: spec.sysctl("vm.min_free_kbytes")
          ?? Watermarks.minFreeKilobytes(lowMemoryPages: total), sysctls)
      for (z, numbers) in zip(zones.indices, numbers) {
        guard var state = zones[z].state else { continue }
        state.watermarks = (numbers.marks.min, numbers.marks.low, numbers.marks.high)
        state.high = numbers.perCPUHigh
        spec.nodes[n].zones[z].state = state
      }
    }
  }

  /// Marks and per-CPU lists as boot computed them, before initialisation gave its own memory
  /// back; written sysctls have them computed anew.
  private static func numbers(
    of map: MemoryMap, _ profile: KernelProfile, _ sysctls: [(name: String, value: Int)]
  ) -> [ZoneNumbers] {
    let early = map.zones.map { zone in
      (kind: zone.kind, managed: zone.managed - (zone.kind == .dma32 ? profile.boot.freedLate : 0))
    }
    let atBoot = ZoneNumbers.of(early, profile, cpus: 1)
    let total = early.reduce(0) { $0 + $1.managed }
    return ZoneNumbers.rewritten(
      atBoot, managed: map.zones.map { ($0.kind, $0.managed) }, profile, cpus: 1,
      minFreeKilobytes: Watermarks.minFreeKilobytes(lowMemoryPages: total), sysctls)
  }
}

extension KernelProfile {
  /// The kernel of that name.
  /// - Throws: BootError that lists those that are built.
  package static func require(_ name: String) throws(BootError) -> KernelProfile {
    if let profile = named(name) { return profile }
    let built = all.map(\.name).joined(separator: ", ")
    throw BootError("kernel \(name) is not built; built: \(built)")
  }
}

extension ZoneState {
  fileprivate static let none = ZoneState(
    freeBlocks: [], perCPU: 0, batch: 1, high: 0, watermarks: (0, 0, 0), protection: [])
}

extension ZoneNumbers {
  /// As a zone's state has them.
  init(_ state: ZoneState) {
    self.init(
      marks: Watermarks(
        min: state.watermarks.min, low: state.watermarks.low, high: state.watermarks.high),
      batch: state.batch, perCPUHigh: state.high, protection: state.protection)
  }

  /// The numbers of a node's zones after the sysctls among `sysctls` that change them were written,
  /// with what is managed now; the same numbers where there are none.
  package static func rewritten(
    _ numbers: [ZoneNumbers], managed: [(kind: ZoneSpec.Kind, managed: Int)],
    _ profile: KernelProfile, cpus: Int, minFreeKilobytes: Int,
    _ sysctls: [(name: String, value: Int)]
  ) -> [ZoneNumbers] {
    let minFree = sysctls.last { $0.name == "vm.min_free_kbytes" }?.value
    let factor = sysctls.last { $0.name == "vm.watermark_scale_factor" }?.value
    guard minFree != nil || factor != nil else { return numbers }
    let written = of(
      managed, profile, cpus: cpus, minFreeKilobytes: minFree ?? minFreeKilobytes,
      scaleFactor: factor)
    return zip(numbers, written).map { old, new in
      ZoneNumbers(
        marks: new.marks, batch: old.batch,
        perCPUHigh: profile.perCPULists == .orderZero ? old.perCPUHigh : new.perCPUHigh,
        protection: old.protection)
    }
  }
}
