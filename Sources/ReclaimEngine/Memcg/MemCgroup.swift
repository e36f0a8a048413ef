// SPDX-License-Identifier: Apache-2.0
// A memory cgroup: limits, what is charged, what happened.
//
// The object carries what has a name; what is touched page by page lives in a row (MemcgRow) found
// by the cgroup's number, so that charging a page follows parent numbers through rows and touches
// no object.

package import UAPI

/// The hot half of a cgroup. Amounts in pages.
package struct MemcgRow {
  /// Charged to it and its descendants, stock included: memory.current.
  package var usage: Int
  package var max: Int
  /// Swap slots charged to it and its descendants: memory.swap.current.
  var swapUsage: Int
  var swapMax: Int
  /// Number of the parent; 0 for the root.
  var parent: UInt16
  /// Bytes of object stock remembered while another cgroup's stock is in use.
  package var objectRemainder: Int
  /// Kernel pages charged directly to it (memory.stat kernel, local part).
  package var kernelPages: Int
  /// Bytes of slab objects charged to it, reclaimable and not.
  var slabReclaimable: Int
  var slabUnreclaimable: Int
  /// Leaves with nothing but shadows that it paid for, and the shrinker's deferred count for them.
  var shadowLeaves: ShadowList
  var deferredShadows: Int

  static let unlimited = Int.max >> 2
}

package final class MemCgroup {
  /// 1 for the root; order of creation.
  package let number: UInt16
  /// "a/b"; "/" for the root.
  package let path: String
  let parent: MemCgroup?
  private var childList: [MemCgroup] = []
  var children: [MemCgroup] { childList }
  /// memory.events of this cgroup and its descendants, indexed by MemcgEvent.
  private var eventCounts = [Int](repeating: 0, count: MemcgEvent.count)
  package var events: [Int] { eventCounts }

  init(number: UInt16, path: String, parent: MemCgroup?) {
    self.number = number
    self.path = path
    self.parent = parent
    parent?.childList.append(self)
  }

  var isRoot: Bool { parent == nil }

  /// Counts an event here and at each ancestor but the root, which has no memory.events (reference
  /// 13 §13.5).
  package func count(_ event: MemcgEvent) {
    var at: MemCgroup? = self
    while let cgroup = at, !cgroup.isRoot {
      cgroup.eventCounts[event.rawValue] += 1
      at = cgroup.parent
    }
  }
}
