// SPDX-License-Identifier: Apache-2.0
// /proc/meminfo: what is free, cached, in use by whom, in kB.
//
// All of it follows from the counters of /proc/vmstat, the zones' marks and swap. MemAvailable is
// what could be had without swapping: free pages beyond what zones keep back, and page cache and
// reclaimable slab but for the smaller of half of them and the low marks. That is how the kernel's
// documentation describes it, and how all marks of the recordings compute.

import Timeline
import UAPI

/// What meminfo is printed from. Pages.
package struct Meminfo {
  /// Indexed by VmCounter.
  package var vmstat: [Int]
  /// Managed by the allocator.
  package var managed: Int
  /// Kept back by the zones (reference 23 §23.3).
  package var totalReserve: Int
  /// Low marks of all zones, boosts included.
  package var lowMarks: Int
  /// Page cache of block devices.
  package var buffers: Int
  package var swapTotal = 0, swapFree = 0, swapCached = 0
  /// Pages of kernel caches besides slabs that can be reclaimed.
  package var otherReclaimable = 0

  package init(vmstat: [Int], managed: Int, totalReserve: Int, lowMarks: Int, buffers: Int) {
    self.vmstat = vmstat
    self.managed = managed
    self.totalReserve = totalReserve
    self.lowMarks = lowMarks
    self.buffers = buffers
  }

  private subscript(_ counter: VmCounter) -> Int { vmstat[counter.rawValue] }

  /// MemAvailable.
  package var available: Int {
    func part(_ pages: Int) -> Int { pages - min(pages / 2, lowMarks) }
    let pageCache = self[.nr_active_file] + self[.nr_inactive_file]
    let reclaimable = self[.nr_slab_reclaimable] + otherReclaimable
    return max(0, self[.nr_free_pages] - totalReserve + part(pageCache) + part(reclaimable))
  }

  /// Names and kB, in the kernel's order.
  package var lines: [(name: String, kilobytes: Int)] {
    let slab = self[.nr_slab_reclaimable] + self[.nr_slab_unreclaimable]
    let reclaimable = self[.nr_slab_reclaimable] + otherReclaimable
    let pages = [
      ("MemTotal", managed), ("MemFree", self[.nr_free_pages]), ("MemAvailable", available),
      ("Buffers", buffers), ("Cached", self[.nr_file_pages] - swapCached - buffers),
      ("SwapCached", swapCached),
      ("Active", self[.nr_active_anon] + self[.nr_active_file]),
      ("Inactive", self[.nr_inactive_anon] + self[.nr_inactive_file]),
      ("Active(anon)", self[.nr_active_anon]), ("Inactive(anon)", self[.nr_inactive_anon]),
      ("Active(file)", self[.nr_active_file]), ("Inactive(file)", self[.nr_inactive_file]),
      ("Unevictable", self[.nr_unevictable]), ("Mlocked", self[.nr_mlock]),
      ("SwapTotal", swapTotal), ("SwapFree", swapFree), ("Dirty", self[.nr_dirty]),
      ("Writeback", self[.nr_writeback]), ("AnonPages", self[.nr_anon_pages]),
      ("Mapped", self[.nr_mapped]), ("Shmem", self[.nr_shmem]), ("KReclaimable", reclaimable),
      ("Slab", slab), ("SReclaimable", self[.nr_slab_reclaimable]),
      ("SUnreclaim", self[.nr_slab_unreclaimable]),
    ]
    return pages.map { ($0.0, $0.1 * Pages.size / 1024) } + [
      ("KernelStack", self[.nr_kernel_stack]),
      ("PageTables", self[.nr_page_table_pages] * Pages.size / 1024),
    ]
  }

  package var text: String {
    lines.map { Columns.left("\($0.name):", 16) + Columns.right("\($0.kilobytes)", 8) + " kB\n" }
      .joined()
  }
}

extension Memory {
  func meminfo(_ seen: Snapshot) -> Meminfo {
    var info = Meminfo(
      vmstat: seen.vmstat, managed: node.zones.reduce(0) { $0 + $1.managed },
      totalReserve: node.zones.reduce(0) {
        $0
          + Watermarks.reserve(
            managed: $1.managed, high: $1.watermarks.high, protection: $1.protection)
      },
      lowMarks: node.zones.reduce(0) { $0 + $1.watermarks.low + $1.boost },
      buffers: blockDevicePages)
    info.swapTotal = swap?.area.total ?? 0
    info.swapFree = swap?.area.free ?? 0
    info.swapCached = node.counters[.nr_swapcached]
    return info
  }

  /// Pages of the block device on the lists: what boot left there, and what was read since.
  private var blockDevicePages: Int {
    let device = blockDevice.map { $0.base..<$0.base + $0.pages } ?? 0..<0
    var pages = 0
    for memcg in tree.all {
      for list in [ListIndex.inactiveFile, ListIndex.activeFile] {
        lists.forEach(of: tree.lruvec(memcg.number).list(list)) { frame in
          let row = frames.rows[Int(frame)]
          if row.slot == 0 || device.contains(Int(row.slot)), !row.flags.contains(.anon) {
            pages += 1
          }
        }
      }
    }
    return pages
  }
}
