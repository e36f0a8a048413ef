// SPDX-License-Identifier: Apache-2.0
// /proc/vmstat, zoneinfo, buddyinfo and swaps as the kernel prints them: its names, its order, its
// columns. Lines of what is not simulated are left out, so nobody reads a zero that nobody counted.

package import UAPI

extension Machine {
  package func text(of file: ProcFile) -> String? {
    switch file {
    case .vmstat: memory.vmstatText(observe())
    case .zoneinfo: memory.zoneinfoText(observe().nodes[0], zoneSpecs)
    case .buddyinfo: memory.buddyinfoText(observe().nodes[0])
    case .swaps: memory.swapsText
    }
  }
}

extension VmstatForm {
  /// What stands in /proc/vmstat, in its order.
  var counters: [VmCounter] {
    switch self {
    case .tablesOfNode: Self.zoneItems + Self.nodeItems + Self.newNodeItems + Self.events
    case .tablesOfZone:
      [.nr_free_pages, .nr_mlock, .nr_page_table_pages] + Self.zoneItems.dropFirst(2)
        + Self.nodeItems + Self.events
    }
  }

  private static let zoneItems: [VmCounter] = [
    .nr_free_pages, .nr_mlock, .numa_hit, .numa_miss, .numa_foreign, .numa_interleave, .numa_local,
    .numa_other,
  ]

  /// Items of the node that are the same in all kernels.
  static let nodeItems: [VmCounter] = [
    .nr_inactive_anon, .nr_active_anon, .nr_inactive_file, .nr_active_file, .nr_unevictable,
    .nr_slab_reclaimable, .nr_slab_unreclaimable, .nr_isolated_anon, .nr_isolated_file,
    .workingset_nodes, .workingset_refault_anon, .workingset_refault_file,
    .workingset_activate_anon, .workingset_activate_file, .workingset_restore_anon,
    .workingset_restore_file, .workingset_nodereclaim, .nr_anon_pages, .nr_mapped, .nr_file_pages,
    .nr_dirty, .nr_writeback, .nr_shmem, .nr_vmscan_write, .nr_vmscan_immediate_reclaim,
    .nr_dirtied, .nr_written, .nr_kernel_stack,
  ]

  private static let newNodeItems: [VmCounter] = [.nr_page_table_pages, .nr_swapcached]

  var ofNode: [VmCounter] {
    self == .tablesOfNode ? Self.nodeItems + Self.newNodeItems : Self.nodeItems
  }

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

extension Memory {
  fileprivate func vmstatText(_ seen: Snapshot) -> String {
    profile.vmstatForm.counters.map { "\($0.name) \(seen[$0])\n" }.joined()
  }

  fileprivate func zoneinfoText(_ seen: NodeSnapshot, _ specs: [ZoneSpec]) -> String {
    var text = ""
    for (i, zone) in node.zones.enumerated() {
      text += "Node \(node.number), zone \(Self.right(zone.kind.name, 8))\n"
      if i == 0 {
        text += "  per-node stats\n"
        for counter in profile.vmstatForm.ofNode {
          text += "      \(Self.left(counter.name, 12)) \(seen[counter])\n"
        }
      }
      text += "  pages free     \(zone.free)\n"
      let marks = zone.watermarks
      var rows = [
        ("min", marks.min), ("low", marks.low), ("high", marks.high),
        ("spanned", specs[i].spanned), ("present", specs[i].present), ("managed", zone.managed),
      ]
      if profile.vmstatForm == .tablesOfNode { rows.insert(("boost", 0), at: 0) }
      for (name, value) in rows { text += "        \(Self.left(name, 8)) \(value)\n" }
      // The fifth is against requests of zone Device, which gives nothing.
      let protection = zone.protection + [zone.protection[3]]
      text += "        protection: (\(protection.map { "\($0)" }.joined(separator: ", ")))\n"
      text += "      nr_free_pages \(zone.free)\n"
      text += "  pagesets\n    cpu: 0\n"
      let lists = [
        ("count:", zone.perCPU.count), ("high:", zone.perCPU.high), ("batch:", zone.perCPU.batch),
      ]
      for (name, value) in lists { text += "              \(Self.left(name, 6)) \(value)\n" }
      text += "  start_pfn:           \(zone.buddy.start)\n"
    }
    return text
  }

  fileprivate func buddyinfoText(_ seen: NodeSnapshot) -> String {
    seen.zones.map { zone in
      "Node \(node.number), zone \(Self.right(zone.kind.name, 8)) "
        + zone.freeBlocks.map { Self.right("\($0)", 6) + " " }.joined() + "\n"
    }.joined()
  }

  fileprivate var swapsText: String {
    let head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
    guard let area = swap?.area else { return head }
    let kibibytes = { (pages: Int) in pages * Pages.size / 1024 }
    return head + Self.left("/dev/\(area.device.name)", 40)
      + "partition\t\(kibibytes(area.total))\t\t\(kibibytes(area.total - area.free))\t\t-2\n"
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }
}
