// SPDX-License-Identifier: Apache-2.0
// The order in which reclaim visits cgroups: pre-order from the target, children in the order in
// which they were made (reference 04 §4.3).
//
// The tree is threaded through the rows, so a step of a walk follows one or two numbers and
// allocates nothing, whether there are ten cgroups or ten thousand.

package struct ReclaimWalk {
  private let rows: UnsafeMutablePointer<MemcgRow>
  private let top: UInt16
  /// The cgroup visited last; 0 before the first and after the last.
  private var at: UInt16 = 0
  private var hasEnded = false
  /// The furthest reach of all that it has met (ListBooks), the root left out.
  private var reach: UInt8 = 0
  /// Looks that walks had taken when this one last went on (ListBooks), and whether another one has
  /// looked while this one waited: what it met may reach further by now.
  private var looks: Int?
  private var wasOvertaken = false

  fileprivate init(_ rows: UnsafeMutablePointer<MemcgRow>, top: UInt16) {
    self.rows = rows
    self.top = top
  }

  /// The next cgroup's number; nil when all have been visited.
  package mutating func next() -> UInt16? {
    if hasEnded { return nil }
    repeat {
      at = at == 0 ? top : rows.next(after: at, below: top)
      // The one it stood on may have led to one that is gone as well, and still leads on.
    } while at != 0 && rows[Int(at)].isGone
    hasEnded = at == 0
    return hasEnded ? nil : at
  }

  @inline(__always) mutating func met(_ reach: UInt8) {
    if at != MemcgTree.rootNumber, reach > self.reach { self.reach = reach }
  }

  /// It goes on after a visit.
  @inline(__always) mutating func goesOn(looks: Int) {
    if let before = self.looks, before != looks { wasOvertaken = true }
  }

  /// It is about to visit.
  @inline(__always) mutating func visits(looks: Int) { self.looks = looks }

  /// The furthest reach of all cgroups; nil where not all of them were met, or others may have
  /// found more meanwhile.
  var furthest: UInt8? {
    top == MemcgTree.rootNumber && hasEnded && !wasOvertaken ? reach : nil
  }
}

extension MemcgTree {
  /// A walk over the subtree of `top`, itself first.
  package func walk(below top: UInt16) -> ReclaimWalk { ReclaimWalk(rows, top: top) }

  /// All cgroups of the subtree of `top`, itself first.
  package func subtree(of top: MemCgroup) -> [MemCgroup] {
    var walk = walk(below: top.number)
    var found: [MemCgroup] = []
    while let number = walk.next() { found.append(cgroup(number)) }
    return found
  }

  /// Makes `child` the youngest child of `parent`.
  func link(_ child: UInt16, below parent: UInt16) {
    rows[Int(child)].parent = parent
    let last = rows[Int(parent)].lastChild
    if last == 0 {
      rows[Int(parent)].firstChild = child
    } else {
      rows[Int(last)].nextSibling = child
    }
    rows[Int(child)].previousSibling = last
    rows[Int(parent)].lastChild = child
  }

  /// Takes a cgroup without children out of its parent's; its own links stay as they were.
  func unlink(_ child: UInt16) {
    let row = rows[Int(child)]
    if row.previousSibling == 0 {
      rows[Int(row.parent)].firstChild = row.nextSibling
    } else {
      rows[Int(row.previousSibling)].nextSibling = row.nextSibling
    }
    if row.nextSibling == 0 {
      rows[Int(row.parent)].lastChild = row.previousSibling
    } else {
      rows[Int(row.nextSibling)].previousSibling = row.previousSibling
    }
  }

  /// Those below a cgroup, offline ones too.
  func children(of number: UInt16) -> [UInt16] {
    var found: [UInt16] = []
    var at = rows[Int(number)].firstChild
    while at != 0 {
      found.append(at)
      at = rows[Int(at)].nextSibling
    }
    return found
  }
}

extension UnsafeMutablePointer<MemcgRow> {
  /// The cgroup behind `number` in pre-order below `top`; 0 at the end.
  fileprivate func next(after number: UInt16, below top: UInt16) -> UInt16 {
    let child = self[Int(number)].firstChild
    if child != 0 { return child }
    var at = number
    while at != top {
      let sibling = self[Int(at)].nextSibling
      if sibling != 0 { return sibling }
      at = self[Int(at)].parent
    }
    return 0
  }
}
