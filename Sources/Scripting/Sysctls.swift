// SPDX-License-Identifier: Apache-2.0
// Sysctls that a scenario sets before its machine boots: which there are, and what the kernel
// takes.
//
// A name that the kernel has and this machine does not follow is refused: a value that changes
// nothing would be believed.

import Lua

enum Sysctls {
  /// What the machine follows, with the values that the kernel accepts (since 5.8).
  private static let followed: [(name: String, range: ClosedRange<Int64>)] = [
    ("vm.swappiness", 0...200)
  ]

  /// What a kernel has besides.
  private static let others = [
    "vm.admin_reserve_kbytes", "vm.compact_memory", "vm.compaction_proactiveness",
    "vm.dirty_background_bytes", "vm.dirty_background_ratio", "vm.dirty_bytes",
    "vm.dirty_expire_centisecs", "vm.dirty_ratio", "vm.dirty_writeback_centisecs",
    "vm.drop_caches", "vm.extfrag_threshold", "vm.laptop_mode", "vm.lowmem_reserve_ratio",
    "vm.min_free_kbytes", "vm.min_slab_ratio", "vm.min_unmapped_ratio", "vm.numa_stat",
    "vm.oom_kill_allocating_task", "vm.overcommit_memory", "vm.overcommit_ratio",
    "vm.page-cluster", "vm.panic_on_oom", "vm.percpu_pagelist_high_fraction",
    "vm.user_reserve_kbytes", "vm.vfs_cache_pressure", "vm.watermark_boost_factor",
    "vm.watermark_scale_factor", "vm.zone_reclaim_mode",
  ]

  /// The settings in a table, by name.
  static func read(_ fields: Fields) throws(LuaError) -> [(name: String, value: Int)] {
    let fields = fields.named("sysctl of the machine")
    let names = followed.map(\.name)
    for typed in fields.names where !names.contains(typed) {
      if others.contains(typed) {
        throw LuaError(
          """
          \(fields.owner): '\(typed)' cannot be changed; what this machine follows is \
          \(names.joined(separator: ", "))
          """)
      }
      let known = names + others
      let hint = NearestName.of(typed, among: known).map { "; did you mean '\($0)'?" }
      throw LuaError("\(fields.owner): unknown sysctl '\(typed)'\(hint ?? "")")
    }
    try fields.expect(only: names)
    var settings: [(name: String, value: Int)] = []
    for (name, range) in followed {
      let words = "a whole number from \(range.lowerBound) to \(range.upperBound)"
      guard let value = try fields.whole(name, words) else { continue }
      guard range.contains(value) else { throw fields.bad(name, expected: words) }
      settings.append((name, Int(value)))
    }
    return settings
  }
}
