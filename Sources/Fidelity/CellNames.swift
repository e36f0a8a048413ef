// SPDX-License-Identifier: Apache-2.0
// Which counters are compared. The lists are those of the recordings' official score; a name
// missing here would be a miss.

import UAPI

enum CellNames {
  /// /proc/vmstat: what happened during the interval.
  static let vmstatFlows: [VmCounter] = [
    .pgscan_kswapd, .pgscan_direct, .pgsteal_kswapd, .pgsteal_direct,
    .pgscan_anon, .pgscan_file, .pgsteal_anon, .pgsteal_file,
    .pgactivate, .pgdeactivate, .pgrefill, .pgrotated, .pglazyfree, .pglazyfreed,
    .workingset_refault_anon, .workingset_refault_file,
    .workingset_activate_anon, .workingset_activate_file,
    .workingset_restore_anon, .workingset_restore_file, .workingset_nodereclaim,
    .pswpin, .pswpout, .oom_kill, .nr_dirtied, .nr_written, .nr_vmscan_write,
    .nr_vmscan_immediate_reclaim, .slabs_scanned, .pgmajfault,
    .numa_miss, .numa_foreign, .zone_reclaim_success, .zone_reclaim_failed,
  ]
  /// /proc/vmstat: how far a level moved over the interval.
  static let vmstatLevels: [VmCounter] = [
    .nr_free_pages, .nr_inactive_anon, .nr_active_anon, .nr_inactive_file, .nr_active_file,
    .nr_unevictable, .nr_dirty, .nr_writeback,
  ]
  /// One cell for the sum over the zones.
  static let allocstall: [VmCounter] = [
    .allocstall_dma, .allocstall_dma32, .allocstall_normal, .allocstall_movable,
  ]

  /// memory.stat: what happened during the interval.
  static let cgroupFlows: [MemcgCounter] = [
    .pgscan, .pgsteal, .pgactivate, .pgdeactivate, .pgrefill, .pglazyfreed,
    .workingset_refault_anon, .workingset_refault_file,
    .workingset_activate_anon, .workingset_activate_file,
    .workingset_restore_anon, .workingset_restore_file, .workingset_nodereclaim, .pgmajfault,
  ]
  /// memory.stat: the level at the end of the interval, in pages.
  static let cgroupLevels: [MemcgCounter] = [
    .anon, .file, .shmem, .inactive_anon, .active_anon, .inactive_file, .active_file, .unevictable,
  ]
  static let cgroupEvents: [MemcgEvent] = [.low, .high, .max, .oom, .oom_kill]

  /// A node's own counters, on machines of several: all as differences.
  static let node: [VmCounter] = [
    .nr_free_pages, .nr_inactive_anon, .nr_active_anon, .nr_inactive_file, .nr_active_file,
    .numa_hit, .numa_miss, .numa_foreign, .numa_other,
  ]

  /// The mark `end` also frees what the workload program itself held, so these say nothing there.
  static let unscoredAtEnd = ["vmstat.nr_free_pages", "vmstat.nr_unevictable"]

  static func vmstat(_ name: String) -> String { "vmstat.\(name)" }
  static func cgroup(_ path: String, _ name: String) -> String { "cgroup:/\(path).\(name)" }
  static func node(_ number: Int, _ name: String) -> String { "node\(number).\(name)" }
}
