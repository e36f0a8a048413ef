// SPDX-License-Identifier: Apache-2.0
// The kernel's knobs below /proc/sys/vm: which there are on which kernel, what the kernel takes,
// and which of them this machine follows.
//
// A scenario sets them before its machine boots, a recorded task while it runs. A name that the
// kernel has and this machine does not follow is refused: a value that changes nothing would be
// believed. What a kernel takes is its own documentation's (sysctl/vm); a value outside of it is
// answered with EINVAL.

/// One of the kernel's knobs.
package struct Sysctl: Sendable {
  /// Kernels by release, so that 5.10 precedes 6.1.
  package struct Release: Comparable, Sendable {
    var major: Int, minor: Int
    package init(_ major: Int, _ minor: Int) {
      self.major = major
      self.minor = minor
    }
    package init?(_ text: String) {
      let parts = text.split(separator: ".").compactMap { Int($0) }
      guard parts.count == 2 else { return nil }
      self.init(parts[0], parts[1])
    }
    package static func < (a: Release, b: Release) -> Bool {
      (a.major, a.minor) < (b.major, b.minor)
    }
    package var text: String { "\(major).\(minor)" }
  }

  package let name: String
  /// What the kernel takes; nil: this machine does not follow it.
  package var range: ClosedRange<Int>?
  /// The first release that has it, and the first that has it no more.
  package var since = Release(2, 6)
  package var until: Release?
  /// A wider range, and the release that brought it.
  package var widened: (at: Release, range: ClosedRange<Int>)?
  /// Values that change nothing of what this machine does, though it does not follow the knob.
  package var idle: ClosedRange<Int>?
  package var text = ""

  package func takes(on kernel: Release?) -> ClosedRange<Int>? {
    guard let widened else { return range }
    guard let kernel else { return widened.range }
    return kernel >= widened.at ? widened.range : range
  }
}

package enum Sysctls {
  /// What the machine follows.
  package static let followed: [Sysctl] = [
    Sysctl(
      name: "vm.swappiness", range: 0...100, widened: (.init(5, 8), 0...200),
      text: "what an anonymous page costs beside a page of a file; 60"),
    Sysctl(
      name: "vm.page-cluster", range: 0...31,
      text: "a swap-in from a disk reads 2 to the power of this many pages; 3"),
    Sysctl(
      name: "vm.min_free_kbytes", range: 0...Int(Int32.max),
      text: "what the watermarks are made from; the kernel's own: 4 · √(memory in KiB), here "
        + "without what transparent huge pages add"),
    Sysctl(
      name: "vm.watermark_scale_factor", range: 1...1000, since: .init(4, 6),
      widened: (.init(5, 18), 1...3000),
      text: "least distance of the watermarks, in 1/10000 of a zone; 10"),
    Sysctl(
      name: "vm.watermark_boost_factor", range: 0...Int(Int32.max), since: .init(5, 0),
      text: "how far a fallback to another mobility may raise the watermarks, in 1/10000 of the "
        + "high one; 0: not at all; 15000"),
    Sysctl(
      name: "vm.vfs_cache_pressure", range: 0...Int(Int32.max),
      text:
        "how much reclaim asks of dentries and inodes, in per cent of a fair share; 0: nothing; "
        + "100"),
  ]

  /// What kernels have besides.
  package static let others: [Sysctl] = [
    // Limits of what may be mapped without MAP_NORESERVE, and of strict overcommit.
    Sysctl(name: "vm.admin_reserve_kbytes", idle: 0...Int(Int32.max)),
    Sysctl(name: "vm.max_map_count", idle: 65_530...Int(Int32.max)),
    Sysctl(name: "vm.overcommit_memory", idle: 0...1),
    Sysctl(name: "vm.overcommit_ratio", idle: 0...Int(Int32.max)),
    Sysctl(name: "vm.user_reserve_kbytes", idle: 0...Int(Int32.max)),
    // No page of a file is ever dirty here.
    Sysctl(name: "vm.dirty_background_bytes", idle: 0...Int.max),
    Sysctl(name: "vm.dirty_background_ratio", idle: 0...100),
    Sysctl(name: "vm.dirty_bytes", idle: 8192...Int.max),
    Sysctl(name: "vm.dirty_expire_centisecs", idle: 0...Int(Int32.max)),
    Sysctl(name: "vm.dirty_ratio", idle: 0...100),
    Sysctl(name: "vm.dirty_writeback_centisecs", idle: 0...Int(Int32.max)),
    // Counters are never stale here but for those of cgroups, which have a period of their own.
    Sysctl(name: "vm.stat_interval", idle: 1...Int(Int32.max)),
    // Off, or as kernels boot.
    Sysctl(name: "vm.extfrag_threshold", idle: 500...500),
    Sysctl(name: "vm.laptop_mode", idle: 0...0),
    Sysctl(name: "vm.numa_stat", idle: 1...1),
    Sysctl(name: "vm.oom_kill_allocating_task", idle: 0...0),
    Sysctl(name: "vm.panic_on_oom", idle: 0...0),
    Sysctl(name: "vm.zone_reclaim_mode", idle: 0...0),
    Sysctl(name: "vm.percpu_pagelist_fraction", until: .init(5, 14), idle: 0...0),
    Sysctl(name: "vm.percpu_pagelist_high_fraction", since: .init(5, 14), idle: 0...0),
    Sysctl(name: "vm.compaction_proactiveness", since: .init(5, 9), idle: 20...20),
    Sysctl(name: "vm.compact_memory"), Sysctl(name: "vm.drop_caches"),
    Sysctl(name: "vm.lowmem_reserve_ratio"), Sysctl(name: "vm.min_slab_ratio"),
    Sysctl(name: "vm.min_unmapped_ratio"),
  ]

  /// Why a task cannot write a value while the machine runs, be it that the kernel has no such file
  /// or that this machine would not follow; nil where it can, though the kernel may answer EINVAL.
  package static func refusal(_ name: String, _ value: Int, kernel: String) -> String? {
    guard let sysctl = (followed + others).first(where: { $0.name == name }) else {
      return "writing \(name) is not built"
    }
    if let release = Sysctl.Release(kernel),
      release < sysctl.since || sysctl.until.map({ release >= $0 }) ?? false
    {
      return "kernel \(kernel) has no \(name)"
    }
    if sysctl.range != nil || sysctl.idle?.contains(value) ?? false { return nil }
    return "writing \(value) to \(name) is not built"
  }

  /// Why the machine's kernel would not take the settings; nil when it does.
  package static func problem(_ settings: [(name: String, value: Int)], kernel: String) -> String? {
    let release = Sysctl.Release(kernel)
    for (name, value) in settings {
      guard let release, let sysctl = followed.first(where: { $0.name == name }) else { continue }
      if release < sysctl.since {
        return "'\(name)' came with \(sysctl.since.text); kernel \(kernel) has it not"
      }
      let range = sysctl.takes(on: release)!
      if !range.contains(value) {
        return "bad field '\(name)': kernel \(kernel) takes \(range.lowerBound) to "
          + "\(range.upperBound), got \(value), to which it says EINVAL"
      }
    }
    return nil
  }
}
