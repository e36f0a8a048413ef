// SPDX-License-Identifier: Apache-2.0
// Registered shrinkers, and the first of them: mm-shadow, which frees tree nodes that hold nothing
// but shadows (reference 10, 09 §9.6).
//
// A cgroup's turn asks those that know cgroups: shadows, then the file systems (ShrinkNames.swift).
// The root's turn asks all of the machine's. The seeks of mm-shadow are 0: half of what exceeds an
// eighth of the cgroup's pages is due at every call. Small shares collect as deferred work until a
// batch of 128 is due, hence the characteristic 128 nodes, 8192 shadows, forgotten at once.

import UAPI

/// do_shrink_slab's arithmetic (reference 10 §10.2): what a call of a shrinker scans, and what it
/// leaves deferred.
package struct SlabScan: Equatable {
  package var delta: Int
  package var total: Int

  /// - Parameters:
  ///   - freeable: objects the shrinker could free.
  ///   - deferred: what earlier calls left.
  ///   - seeks: how dear an object is; 0 asks for half of all.
  package init(freeable: Int, deferred: Int, priority: Int, seeks: Int, behaviour: DeferredShrink) {
    delta = seeks == 0 ? freeable / 2 : (freeable >> priority) * 4 / seeks
    switch behaviour {
    case .shifted:
      total = min((deferred >> priority) + delta, 2 * freeable)
    case .whole:
      total = deferred + delta
      if delta < freeable / 4 { total = min(total, freeable / 2) }
      total = min(total, 2 * freeable)
    }
  }

  /// Whether another step is due, and how many objects it asks for.
  package func step(_ freeable: Int, batch: Int) -> Int? {
    guard total > 0, total >= batch || total >= freeable else { return nil }
    return min(batch, total)
  }

  /// What stays deferred after `scanned` objects.
  package func deferred(before: Int, scanned: Int, freeable: Int, behaviour: DeferredShrink) -> Int
  {
    let left = max(before + delta - scanned, 0)
    return behaviour == .shifted ? min(left, 2 * freeable) : left
  }
}

extension Memory {
  /// shrink_slab for one cgroup.
  /// - Returns: CPU time that freeing took beyond what a round takes anyway.
  func shrinkSlab(_ memcg: UInt16, _ control: inout ScanControl) -> UInt64 {
    shrinkSlab(memcg, priority: control.priority, gfp: control.gfp).cost
  }

  /// The same, whoever asks.
  /// - Returns: objects that were freed, and the CPU time it took.
  func shrinkSlab(
    _ memcg: UInt16, priority: Int, gfp: GfpFlags
  ) -> (objects: Int, cost: UInt64) {
    var objects = shrinkShadows(memcg, priority: priority, gfp: gfp)
    if memcg == MemcgTree.rootNumber { objects += shrinkCaches(priority: priority, gfp: gfp) }
    var cost: UInt64 = 0
    for k in 0..<Superblock.count {
      let superblock = Superblock(rawValue: k)!
      let freed = shrinkNames(memcg, superblock, priority: priority, gfp: gfp)
      objects += freed.dentries + freed.inodes
      cost += UInt64(freed.dentries) * profile.costs.dentryPruned
      cost += UInt64(freed.inodes) * profile.costs.inodePruned
    }
    return (objects, cost)
  }

  /// Pages that a reclaim of the thread on the CPU has freed besides those of the lists.
  func noteReclaimed(_ pages: Int) {
    if kswapd.thread.isRunning {
      if kswapd.thread.isReclaiming { kswapd.thread.slabReclaimed += pages }
    } else if let task = tasks.first(where: { $0.isReclaiming && $0.isRunning }) {
      task.slabReclaimed += pages
    }
  }

  /// Asks the shadow shrinker of one cgroup; answers how many nodes it freed.
  private func shrinkShadows(_ memcg: UInt16, priority: Int, gfp: GfpFlags) -> Int {
    let row = tree.rows + Int(memcg)
    let freeable = freeableShadows(memcg)
    if freeable <= 0 { return 0 }

    // A count for each cgroup, or one that all share.
    let deferrer = profile.deferredShrink == .whole ? tree.rows + Int(MemcgTree.rootNumber) : row
    let deferred = deferrer.pointee.deferredShadows
    let batch = profile.numbers.shrinkBatch
    var scan = SlabScan(
      freeable: freeable, deferred: deferred, priority: priority, seeks: 0,
      behaviour: profile.deferredShrink)
    tracer.shrinkSlabStart(
      Self.shadowShrinker, node: node.number, scan, deferred: deferred, freeable: freeable,
      priority: priority, gfp: gfp)
    var scanned = 0, freedNodes = 0
    while let n = scan.step(freeable, batch: batch) {
      for _ in 0..<n {
        guard cache.forgetOldestShadows(of: memcg) else { break }
        freedNodes += 1
      }
      scanned += n
      scan.total -= n
    }
    node.counters.add(scanned, to: .slabs_scanned)
    node.counters.add(freedNodes, to: .workingset_nodereclaim)
    tree.addOnes(freedNodes, to: .workingset_nodereclaim, of: memcg)
    let left = scan.deferred(
      before: deferred, scanned: scanned, freeable: freeable, behaviour: profile.deferredShrink)
    deferrer.pointee.deferredShadows = left
    tracer.shrinkSlabEnd(
      Self.shadowShrinker, node: node.number, unused: deferred, new: left, total: scan.total,
      freed: freedNodes)
    return freedNodes
  }

  /// Leaves of shadows beyond an eighth of what the cgroup has; none of them where that is
  /// negative.
  func freeableShadows(_ memcg: UInt16) -> Int {
    let row = tree.rows + Int(memcg)
    let nodes = row.pointee.shadowLeaves.count
    if nodes == 0 { return 0 }
    let sizes = tree.lruvec(memcg).pointee.sizes
    let slab =
      memcg == MemcgTree.rootNumber
      ? node.counters[.nr_slab_reclaimable] + node.counters[.nr_slab_unreclaimable]
      : (row.pointee.slabReclaimable + row.pointee.slabUnreclaimable) >> 12
    return nodes - (sizes.evictable + sizes.unevictable + slab) >> 3
  }

  private static let shadowShrinker = "scan_shadow_nodes"
}
