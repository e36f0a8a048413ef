// SPDX-License-Identifier: Apache-2.0
// Canonical names of what a kernel counts. The names are the kernel's own; meaning: reference 16.

/// Fields of /proc/vmstat. Levels and events share one index space; nodes and zones keep the items
/// that are theirs.
package enum VmCounter: Int, CaseIterable, Sendable {
  // Levels, in pages unless said.
  case nr_free_pages
  case nr_inactive_anon, nr_active_anon, nr_inactive_file, nr_active_file, nr_unevictable
  case nr_mlock, nr_anon_pages, nr_mapped, nr_file_pages, nr_shmem
  case nr_dirty, nr_writeback
  case nr_zone_inactive_anon, nr_zone_active_anon, nr_zone_inactive_file, nr_zone_active_file
  case nr_zone_unevictable, nr_zone_write_pending
  case nr_slab_reclaimable, nr_slab_unreclaimable, nr_page_table_pages, nr_kernel_stack
  case nr_isolated_anon, nr_isolated_file
  case nr_swapcached
  case workingset_nodes
  // Events.
  case workingset_refault_anon, workingset_refault_file
  case workingset_activate_anon, workingset_activate_file
  case workingset_restore_anon, workingset_restore_file
  case workingset_nodereclaim
  case nr_vmscan_write, nr_vmscan_immediate_reclaim, nr_dirtied, nr_written, nr_throttled_written
  case numa_hit, numa_miss, numa_foreign, numa_interleave, numa_local, numa_other
  /// In KiB, as printed.
  case pgpgin, pgpgout
  case pswpin, pswpout, swap_ra, swap_ra_hit
  case pgalloc_dma, pgalloc_dma32, pgalloc_normal, pgalloc_movable
  case allocstall_dma, allocstall_dma32, allocstall_normal, allocstall_movable
  case pgskip_dma, pgskip_dma32, pgskip_normal, pgskip_movable
  case pgfree, pgactivate, pgdeactivate, pglazyfree, pgfault, pgmajfault, pglazyfreed
  case pgrefill, pgreuse
  case pgsteal_kswapd, pgsteal_direct, pgscan_kswapd, pgscan_direct, pgscan_direct_throttle
  case pgscan_anon, pgscan_file, pgsteal_anon, pgsteal_file
  case zone_reclaim_success, zone_reclaim_failed
  case pginodesteal, slabs_scanned, kswapd_inodesteal
  case kswapd_low_wmark_hit_quickly, kswapd_high_wmark_hit_quickly, pageoutrun
  case pgrotated, drop_pagecache, drop_slab, oom_kill

  package static let count = allCases.count
  package var name: String { "\(self)" }
  package static func named(_ name: String) -> VmCounter? { allCases.first { $0.name == name } }
  /// A level, which rises and falls; the others only grow.
  package var isLevel: Bool { rawValue <= VmCounter.workingset_nodes.rawValue }
  /// As the kernel prints it.
  package var unit: String {
    switch self {
    case .pgpgin, .pgpgout, .nr_kernel_stack: "KiB"
    case .workingset_nodes: "nodes"
    default: isLevel ? "pages" : "events"
    }
  }
}

/// Fields of memory.stat, hierarchical when observed. Amounts of memory are in pages here unless
/// said (the file prints bytes).
package enum MemcgCounter: Int, CaseIterable, Sendable {
  case anon, file, kernel, pagetables, shmem, file_mapped, file_dirty, file_writeback, swapcached
  case inactive_anon, active_anon, inactive_file, active_file, unevictable
  /// In bytes.
  case slab_reclaimable, slab_unreclaimable
  case workingset_refault_anon, workingset_refault_file
  case workingset_activate_anon, workingset_activate_file
  case workingset_restore_anon, workingset_restore_file
  case workingset_nodereclaim
  case pgscan, pgsteal, pgscan_kswapd, pgscan_direct, pgsteal_kswapd, pgsteal_direct
  case pgfault, pgmajfault, pgrefill, pgactivate, pgdeactivate, pglazyfree, pglazyfreed

  package static let count = allCases.count
  package var name: String { "\(self)" }
  /// True for amounts that memory.stat prints in bytes though they are pages here.
  package var isPages: Bool { rawValue <= MemcgCounter.unevictable.rawValue }
  /// True for amounts that are kept in bytes, as memory.stat prints them.
  package var isBytes: Bool { self == .slab_reclaimable || self == .slab_unreclaimable }
}

/// Fields of memory.swap.events, each hierarchical.
package enum SwapEvent: Int, CaseIterable, Sendable {
  case high, max, fail

  package static let count = allCases.count
  package var name: String { "\(self)" }
}

/// Fields of memory.events, each hierarchical.
package enum MemcgEvent: Int, CaseIterable, Sendable {
  case low, high, max, oom, oom_kill, oom_group_kill

  package static let count = allCases.count
  package var name: String { "\(self)" }
}
