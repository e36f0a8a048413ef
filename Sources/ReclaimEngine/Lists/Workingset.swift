// SPDX-License-Identifier: Apache-2.0
// Refault detection: the clock of evictions and activations, and what a shadow says when its page
// comes back (reference 09).
//
// The distance of a refault is what happened to the clock since the eviction. If it is not larger
// than the pages that could have made room, the page belongs to the working set and starts active.

import UAPI

package final class Workingset {
  private let tree: MemcgTree
  private let rows: UnsafeMutablePointer<FrameRow>
  private let node: Node
  private let profile: KernelProfile
  /// Where anonymous pages could go; they compete for memory only then.
  var swap: Unmanaged<SwapSpace>?

  package init(tree: MemcgTree, frames: FrameTable, node: Node, profile: KernelProfile) {
    self.tree = tree
    rows = frames.rows
    self.node = node
    self.profile = profile
  }

  /// Advances the clock of a cgroup and its ancestors.
  @inline(__always) package func age(_ memcg: UInt16, by n: Int) {
    var at = memcg
    while at != 0 {
      tree.lruvecs[Int(at)].clock &+= UInt64(truncatingIfNeeded: n)
      at = tree.rows[Int(at)].parent
    }
  }

  /// A page comes back into a slot that held a shadow: counts it, and marks the folio active when
  /// it was missed in time.
  package func refault(_ frame: UInt32, _ shadow: Shadow, file: Bool) {
    // Of a cgroup that is gone there is nothing to compare with (reference 09 §9.3).
    if _slowPath(tree.rows[Int(shadow.memcg)].isGone) { return }
    let own = rows[Int(frame)].memcg
    let (refaults, activations, restores): (MemcgCounter, MemcgCounter, MemcgCounter) =
      file
      ? (.workingset_refault_file, .workingset_activate_file, .workingset_restore_file)
      : (.workingset_refault_anon, .workingset_activate_anon, .workingset_restore_anon)
    tree.add(1, to: refaults, of: own)
    tree.statistics.note(1)

    let evicted = tree.lruvec(shadow.memcg)
    let distance = (evicted.pointee.clock &- shadow.clock) & Shadow.clockMask
    guard distance <= UInt64(workingsetSize(evicted, file: file, refaulting: own)) else { return }

    rows[Int(frame)].flags.insert(.active)
    age(own, by: 1)
    tree.countActivation(activations, of: own)
    guard shadow.workingset else { return }
    rows[Int(frame)].flags.insert(.workingset)
    noteCost(own, 1, file: file)
    tree.add(1, to: restores, of: own)
    tree.statistics.note(1)
  }

  /// Pages that compete with the refaulting one: the whole LRU of the eviction's subtree as last
  /// published, without the inactive list of its own kind. Anonymous pages compete only where the
  /// refaulting page's cgroup has swap left.
  private func workingsetSize(
    _ lruvec: UnsafeMutablePointer<Lruvec>, file: Bool, refaulting memcg: UInt16
  ) -> Int {
    let sizes = lruvec.pointee.publishedSizes
    let hasSwap = swap?._withUnsafeGuaranteedRef { $0.isAvailable(to: memcg) } ?? false
    if file {
      return sizes.activeFile + (hasSwap ? sizes.activeAnon + sizes.inactiveAnon : 0)
    }
    return sizes.activeFile + sizes.inactiveFile + (hasSwap ? sizes.activeAnon : 0)
  }

  /// Adds to the cost of a kind, here and at each ancestor; each level is halved when it has grown
  /// beyond its share of the LRU (reference 05 §5.5.3).
  package func noteCost(_ memcg: UInt16, _ amount: Int, file: Bool) {
    var at = memcg
    while at != 0 {
      let lruvec = tree.lruvec(at)
      if file { lruvec.pointee.cost.file += amount } else { lruvec.pointee.cost.anon += amount }
      let limit = lruvec.pointee.publishedSizes.evictable >> profile.numbers.costDecayShift
      if lruvec.pointee.cost.file + lruvec.pointee.cost.anon > limit {
        lruvec.pointee.cost.file /= 2
        lruvec.pointee.cost.anon /= 2
      }
      at = tree.rows[Int(at)].parent
    }
  }
}
