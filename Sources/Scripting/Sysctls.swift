// SPDX-License-Identifier: Apache-2.0
// Sysctls that a scenario sets before its machine boots: which there are on which kernel, and what
// the kernel takes.
//
// A name that the kernel has and this machine does not follow is refused: a value that changes
// nothing would be believed. What a kernel takes is its own documentation's (sysctl/vm); on a real
// machine a value outside of it is answered with EINVAL.

import Lua

/// One of the kernel's knobs.
struct Sysctl: Sendable {
  /// Kernels by release, so that 5.10 precedes 6.1.
  struct Release: Comparable, Sendable {
    var major: Int, minor: Int
    init(_ major: Int, _ minor: Int) {
      self.major = major
      self.minor = minor
    }
    init?(_ text: String) {
      let parts = text.split(separator: ".").compactMap { Int($0) }
      guard parts.count == 2 else { return nil }
      self.init(parts[0], parts[1])
    }
    static func < (a: Release, b: Release) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
    var text: String { "\(major).\(minor)" }
  }

  let name: String
  /// What the kernel takes; nil: this machine does not follow it.
  var range: ClosedRange<Int>?
  /// The first release that has it, and the first that has it no more.
  var since = Release(2, 6)
  var until: Release?
  /// A wider range, and the release that brought it.
  var widened: (at: Release, range: ClosedRange<Int>)?
  var text = ""

  func takes(on kernel: Release?) -> ClosedRange<Int>? {
    guard let widened else { return range }
    guard let kernel else { return widened.range }
    return kernel >= widened.at ? widened.range : range
  }
}

enum Sysctls {
  /// What the machine follows.
  static let followed: [Sysctl] = [
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
  private static let others: [Sysctl] =
    [
      "vm.admin_reserve_kbytes", "vm.compact_memory", "vm.dirty_background_bytes",
      "vm.dirty_background_ratio", "vm.dirty_bytes", "vm.dirty_expire_centisecs",
      "vm.dirty_ratio", "vm.dirty_writeback_centisecs", "vm.drop_caches", "vm.extfrag_threshold",
      "vm.laptop_mode", "vm.lowmem_reserve_ratio", "vm.max_map_count", "vm.min_slab_ratio",
      "vm.min_unmapped_ratio", "vm.numa_stat", "vm.oom_kill_allocating_task",
      "vm.overcommit_memory", "vm.overcommit_ratio", "vm.panic_on_oom", "vm.stat_interval",
      "vm.user_reserve_kbytes", "vm.zone_reclaim_mode",
    ].map { Sysctl(name: $0) }
    + [
      Sysctl(name: "vm.compaction_proactiveness", since: .init(5, 9)),
      Sysctl(name: "vm.percpu_pagelist_fraction", until: .init(5, 14)),
      Sysctl(name: "vm.percpu_pagelist_high_fraction", since: .init(5, 14)),
    ]

  /// The settings in a table, by name. Ranges are those of the newest kernel; `problem` looks again
  /// when the machine's kernel is known.
  static func read(_ fields: Fields) throws(LuaError) -> [(name: String, value: Int)] {
    let fields = fields.named("sysctl of the machine")
    let names = followed.map(\.name)
    for typed in fields.names where !names.contains(typed) {
      if others.contains(where: { $0.name == typed }) {
        throw LuaError(
          """
          \(fields.owner): '\(typed)' cannot be changed; what this machine follows is \
          \(names.joined(separator: ", "))
          """)
      }
      let known = names + others.map(\.name)
      let near =
        NearestName.of(typed, among: known)
        ?? known.first { $0.hasSuffix("." + typed) }
      let hint = near.map { "; did you mean '\($0)'?" }
      throw LuaError("\(fields.owner): unknown sysctl '\(typed)'\(hint ?? "")")
    }
    try fields.expect(only: names)
    var settings: [(name: String, value: Int)] = []
    for sysctl in followed {
      let range = sysctl.takes(on: nil)!
      let words = "a whole number from \(range.lowerBound) to \(range.upperBound)"
      guard let value = try fields.whole(sysctl.name, words) else { continue }
      guard let small = Int(exactly: value), range.contains(small) else {
        throw fields.bad(
          sysctl.name, expected: words, got: "\(value), to which the kernel says EINVAL")
      }
      settings.append((sysctl.name, small))
    }
    return settings
  }

  /// Why the machine's kernel would not take the settings; nil when it does.
  static func problem(_ settings: [(name: String, value: Int)], kernel: String) -> String? {
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
