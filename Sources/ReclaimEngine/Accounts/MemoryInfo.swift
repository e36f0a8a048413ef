// SPDX-License-Identifier: Apache-2.0
// What the kernel says about its memory when the whole machine is out of it: Mem-Info, node by node
// and zone by zone (reference 12; the columns are recorded).
//
// Amounts are pages in the first line and kB in the others. What this machine has nothing of is 0.

import UAPI

extension Memory {
  /// The lines of Mem-Info, in order.
  func memoryInfo() -> [String] {
    ["Mem-Info:", totals(), nodeLine()]
      + node.zones.flatMap {
        [zoneLine($0), "lowmem_reserve[]:" + Self.numbers($0.protection + $0.protection.suffix(1))]
      }
      + node.zones.map { freeBlocks($0) }
      + hugePages() + swapLines()
      + [
        "\(node.zones.reduce(0) { $0 + $1.present }) pages RAM", "0 pages HighMem/MovableOnly",
        "\(node.zones.reduce(0) { $0 + $1.present - $1.managed }) pages reserved",
      ]
  }

  private var isRecent: Bool { profile.oomReport == .sizes }

  private func totals() -> String {
    let s = tree.books.head.pointee.totals, c = node.counters
    let free = node.zones.reduce(0) { $0 + $1.free }
    let perCPU = node.zones.reduce(0) { $0 + $1.perCPU.count }
    let tables =
      isRecent
      ? "pagetables:\(c[.nr_page_table_pages])\n sec_pagetables:0 bounce:0\n "
        + "kernel_misc_reclaimable:0\n"
      : "pagetables:\(c[.nr_page_table_pages]) bounce:0\n"
    return "active_anon:\(s.activeAnon) inactive_anon:\(s.inactiveAnon) isolated_anon:0\n "
      + "active_file:\(s.activeFile) inactive_file:\(s.inactiveFile) isolated_file:0\n "
      + "unevictable:\(s.unevictable) dirty:\(c[.nr_dirty]) writeback:\(c[.nr_writeback])\n "
      + "slab_reclaimable:\(c[.nr_slab_reclaimable]) "
      + "slab_unreclaimable:\(c[.nr_slab_unreclaimable])\n "
      + "mapped:\(c[.nr_mapped]) shmem:\(c[.nr_shmem]) \(tables) "
      + "free:\(free) free_pcp:\(perCPU) free_cma:0"
  }

  private func nodeLine() -> String {
    let s = tree.books.head.pointee.totals, c = node.counters
    let tables =
      isRecent ? " pagetables:\(4 * c[.nr_page_table_pages])kB sec_pagetables:0kB" : ""
    return "Node \(node.number) active_anon:\(4 * s.activeAnon)kB "
      + "inactive_anon:\(4 * s.inactiveAnon)kB active_file:\(4 * s.activeFile)kB "
      + "inactive_file:\(4 * s.inactiveFile)kB unevictable:\(4 * s.unevictable)kB "
      + "isolated(anon):0kB isolated(file):0kB mapped:\(4 * c[.nr_mapped])kB "
      + "dirty:\(4 * c[.nr_dirty])kB writeback:\(4 * c[.nr_writeback])kB "
      + "shmem:\(4 * c[.nr_shmem])kB shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 0kB "
      + "writeback_tmp:0kB kernel_stack:\(c[.nr_kernel_stack])kB\(tables) "
      + "all_unreclaimable? \(kswapd.isHopeless ? "yes" : "no")"
  }

  private func zoneLine(_ zone: Zone) -> String {
    let s = listSizes(in: zone), marks = zone.watermarks, boost = zone.boost
    return "Node \(node.number) \(zone.kind.name) free:\(4 * zone.free)kB"
      + (isRecent ? " boost:\(4 * boost)kB" : "")
      + " min:\(4 * (marks.min + boost))kB low:\(4 * (marks.low + boost))kB "
      + "high:\(4 * (marks.high + boost))kB reserved_highatomic:0KB "
      + "active_anon:\(4 * s.activeAnon)kB inactive_anon:\(4 * s.inactiveAnon)kB "
      + "active_file:\(4 * s.activeFile)kB inactive_file:\(4 * s.inactiveFile)kB "
      + "unevictable:\(4 * s.unevictable)kB writepending:\(4 * zone.writePending)kB "
      + "present:\(4 * zone.present)kB "
      + "managed:\(4 * zone.managed)kB mlocked:0kB"
      + (isRecent ? "" : " pagetables:0kB")
      + " bounce:0kB free_pcp:\(4 * zone.perCPU.count)kB local_pcp:\(4 * zone.perCPU.count)kB "
      + "free_cma:0kB"
  }

  /// Free blocks by order, and of which mobilities they are.
  private func freeBlocks(_ zone: Zone) -> String {
    let letters: [(Mobility, String)] = [(.unmovable, "U"), (.movable, "M"), (.reclaimable, "E")]
    var text = "Node \(node.number) \(zone.kind.name):"
    for order in 0..<BuddyAllocator.orders {
      let there = letters.filter { zone.buddy.freeBlocks(order: order, $0.0) > 0 }
      let count = there.reduce(0) { $0 + zone.buddy.freeBlocks(order: order, $1.0) }
      text += " \(count)*\(4 << order)kB"
      if count > 0 { text += " (\(there.map(\.1).joined()))" }
    }
    return text + " = \(4 * zone.free)kB"
  }

  private func hugePages() -> [String] {
    [1_048_576, 2048].map {
      "Node \(node.number) hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
        + "hugepages_size=\($0)kB"
    }
  }

  private func swapLines() -> [String] {
    let c = node.counters
    var lines = [
      "\(c[.nr_file_pages]) total pagecache pages", "\(c[.nr_swapcached]) pages in swap cache",
    ]
    if !isRecent { lines.append("Swap cache stats: add 0, delete 0, find 0/0") }
    return lines + [
      "Free swap  = \(4 * (swap?.area.free ?? 0))kB", "Total swap = \(4 * (swap?.total ?? 0))kB",
    ]
  }

  private static func numbers(_ numbers: [Int]) -> String {
    numbers.map { " \($0)" }.joined()
  }
}
