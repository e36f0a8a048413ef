// SPDX-License-Identifier: Apache-2.0
// Which of the counters a kernel has, in the order of its /proc/vmstat (reference 16 §§16.3 to
// 16.5).
//
// A counter that is not in the list is one that this kernel has not got: nobody is shown a zero for
// it.

package import UAPI

extension VmstatForm {
  /// What stands in /proc/vmstat, in its order.
  package var counters: [VmCounter] {
    switch self {
    case .tablesOfNode: Self.zoneLists + [.nr_mlock] + Self.numa + ofNode + Self.events
    case .tablesOfZone:
      Self.zoneLists + [.nr_mlock, .nr_page_table_pages] + Self.numa + ofNode + Self.events
    }
  }

  /// Items of the node, as /proc/zoneinfo prints them before its first zone.
  var ofNode: [VmCounter] {
    switch self {
    case .tablesOfNode:
      Self.nodeItems
        + [.nr_throttled_written, .nr_kernel_stack, .nr_page_table_pages, .nr_swapcached]
    case .tablesOfZone: Self.nodeItems + [.nr_kernel_stack]
    }
  }

  private static let zoneLists: [VmCounter] = [
    .nr_free_pages, .nr_zone_inactive_anon, .nr_zone_active_anon, .nr_zone_inactive_file,
    .nr_zone_active_file, .nr_zone_unevictable, .nr_zone_write_pending,
  ]

  private static let numa: [VmCounter] = [
    .numa_hit, .numa_miss, .numa_foreign, .numa_interleave, .numa_local, .numa_other,
  ]

  /// Items of the node that are the same in all kernels.
  private static let nodeItems: [VmCounter] = [
    .nr_inactive_anon, .nr_active_anon, .nr_inactive_file, .nr_active_file, .nr_unevictable,
    .nr_slab_reclaimable, .nr_slab_unreclaimable, .nr_isolated_anon, .nr_isolated_file,
    .workingset_nodes, .workingset_refault_anon, .workingset_refault_file,
    .workingset_activate_anon, .workingset_activate_file, .workingset_restore_anon,
    .workingset_restore_file, .workingset_nodereclaim, .nr_anon_pages, .nr_mapped, .nr_file_pages,
    .nr_dirty, .nr_writeback, .nr_shmem, .nr_vmscan_write, .nr_vmscan_immediate_reclaim,
    .nr_dirtied, .nr_written,
  ]

  private static let events: [VmCounter] = [
    .pgpgin, .pgpgout, .pswpin, .pswpout, .pgalloc_dma, .pgalloc_dma32, .pgalloc_normal,
    .pgalloc_movable, .allocstall_dma, .allocstall_dma32, .allocstall_normal, .allocstall_movable,
    .pgskip_dma, .pgskip_dma32, .pgskip_normal, .pgskip_movable, .pgfree, .pgactivate,
    .pgdeactivate, .pglazyfree, .pgfault, .pgmajfault, .pglazyfreed, .pgrefill, .pgreuse,
    .pgsteal_kswapd, .pgsteal_direct, .pgscan_kswapd, .pgscan_direct, .pgscan_direct_throttle,
    .pgscan_anon, .pgscan_file, .pgsteal_anon, .pgsteal_file, .zone_reclaim_failed, .pginodesteal,
    .slabs_scanned, .kswapd_inodesteal, .kswapd_low_wmark_hit_quickly,
    .kswapd_high_wmark_hit_quickly, .pageoutrun, .pgrotated, .drop_pagecache, .drop_slab,
    .oom_kill, .swap_ra, .swap_ra_hit,
  ]
}
