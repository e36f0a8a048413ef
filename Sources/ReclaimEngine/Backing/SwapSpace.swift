// SPDX-License-Identifier: Apache-2.0
// The swap of a machine as reclaim sees it: how much a cgroup may still use, and who pays for it
// (reference 22 §22.1).

import UAPI

final class SwapSpace {
  let area: SwapArea
  /// The device where it takes time; nil for one whose I/O is done by whoever submits it.
  private(set) var device: BlockDevice?
  /// Pages of the machine that a RAM disk holds.
  var pagesOnDevice = 0
  var clusterReadahead = ClusterReadahead()
  private let tree: MemcgTree

  /// - Throws: BootError where the device is of no use.
  init(_ device: DiskSpec, tree: MemcgTree, profile: KernelProfile) throws(BootError) {
    self.tree = tree
    area = try SwapArea(device, clusterSize: profile.numbers.swapCluster) { memcg in
      var at = memcg
      while at != 0 {
        tree.rows[Int(at)].swapUsage -= 1
        at = tree.rows[Int(at)].parent
      }
      if memcg != 0 { tree.statistics.note(1) }
    }
  }

  var total: Int { area.total }

  /// Gives a timed device its place on the timeline.
  func attach(_ device: BlockDevice) { self.device = device }

  /// mem_cgroup_get_nr_swap_pages: free slots, limited by swap.max of the cgroup and its ancestors.
  func available(to memcg: UInt16) -> Int {
    var free = area.free
    var at = memcg
    while at != 0 {
      free = min(free, tree.rows[Int(at)].swapMax - tree.rows[Int(at)].swapUsage)
      at = tree.rows[Int(at)].parent
    }
    return free
  }

  /// A charged slot for a folio of the cgroup; nil when the area or a swap.max is exhausted.
  func take(for memcg: UInt16) -> UInt32? {
    guard let offset = area.take() else { return nil }
    var at = memcg
    while at != 0 {
      if tree.rows[Int(at)].swapUsage >= tree.rows[Int(at)].swapMax {
        area.freed(offset)
        tree.rows[Int(at)].swapFailures += 1
        return nil
      }
      at = tree.rows[Int(at)].parent
    }
    at = memcg
    while at != 0 {
      tree.rows[Int(at)].swapUsage += 1
      at = tree.rows[Int(at)].parent
    }
    area.slots[Int(offset)].memcg = memcg
    area.slots[Int(offset)].references = 0
    return offset
  }

  /// mem_cgroup_swap_full: more than half in use, globally or of some ancestor's swap.max.
  func isFull(for memcg: UInt16) -> Bool {
    if area.isFull { return true }
    var at = memcg
    while at != 0 {
      if 2 * tree.rows[Int(at)].swapUsage >= tree.rows[Int(at)].swapMax { return true }
      at = tree.rows[Int(at)].parent
    }
    return false
  }
}
