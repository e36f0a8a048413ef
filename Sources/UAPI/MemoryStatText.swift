// SPDX-License-Identifier: Apache-2.0
// memory.stat as the kernel prints it: its fields and their order, amounts of memory in bytes
// (reference 16 §16.8). The OOM report holds the same lines.

package enum MemoryStatText {
  /// - Parameter stat: indexed by MemcgCounter.
  package static func text(_ stat: [Int], _ form: OomReportForm) -> String {
    fields(form).map { "\($0) \(value($0, stat))" }.joined(separator: "\n")
  }

  /// Those of the counters that the file has, in its order.
  package static func counters(_ form: OomReportForm) -> [MemcgCounter] {
    form == .sizes ? newCounters : oldCounters
  }

  private static let oldCounters = known(.pidOnly)
  private static let newCounters = known(.sizes)

  private static func known(_ form: OomReportForm) -> [MemcgCounter] {
    fields(form).compactMap { field in MemcgCounter.allCases.first { $0.name == field } }
  }

  /// Items of which this machine has nothing are 0.
  private static func value(_ field: String, _ stat: [Int]) -> Int {
    if field == "slab" {
      return value("slab_reclaimable", stat) + value("slab_unreclaimable", stat)
    }
    guard let counter = MemcgCounter.allCases.first(where: { $0.name == field }) else { return 0 }
    return stat[counter.rawValue] * (counter.isPages ? 4096 : 1)
  }

  private static func fields(_ form: OomReportForm) -> [String] {
    let lists = [
      "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
      "slab_reclaimable", "slab_unreclaimable", "slab", "workingset_refault_anon",
      "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file",
      "workingset_restore_anon", "workingset_restore_file", "workingset_nodereclaim",
    ]
    let rest = [
      "pgactivate", "pgdeactivate", "pglazyfree", "pglazyfreed", "thp_fault_alloc",
      "thp_collapse_alloc",
    ]
    switch form {
    case .pidOnly:
      return [
        "anon", "file", "kernel_stack", "percpu", "sock", "shmem", "file_mapped", "file_dirty",
        "file_writeback", "anon_thp",
      ] + lists + ["pgfault", "pgmajfault", "pgrefill", "pgscan", "pgsteal"] + rest
    case .sizes:
      return [
        "anon", "file", "kernel", "kernel_stack", "pagetables", "sec_pagetables", "percpu", "sock",
        "vmalloc", "shmem", "file_mapped", "file_dirty", "file_writeback", "swapcached",
        "anon_thp", "file_thp", "shmem_thp",
      ] + lists
        + [
          "pgscan", "pgsteal", "pgscan_kswapd", "pgscan_direct", "pgsteal_kswapd",
          "pgsteal_direct", "pgfault", "pgmajfault", "pgrefill",
        ] + rest
    }
  }
}

extension OomReportForm {
  /// Whether memory.events has that line.
  package func has(_ event: MemcgEvent) -> Bool { event != .oom_group_kill || self == .sizes }
}
