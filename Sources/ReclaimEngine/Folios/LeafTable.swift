// SPDX-License-Identifier: Apache-2.0
// The nodes of the page cache's trees: who paid for them, what they hold, and which hold nothing
// but shadows.
//
// A node covers 64 entries of the level below; only leaves (level 1) are counted entry by entry. A
// leaf without pages but with shadows stands on the shadow list of the cgroup that paid for it,
// oldest first: what the shadow shrinker frees (reference 09 §9.6). A file with nothing but page 0
// has no node; every further level appears when an index needs it.

/// One leaf node, at row slot >> 6.
struct LeafRow {
  var next: UInt32
  var previous: UInt32
  /// Entries, pages and shadows together.
  var entries: UInt8
  var shadows: UInt8
  /// The cgroup that was charged for the node.
  var memcg: UInt16
  /// Bit 0: the node exists. Bit 1: it is on its cgroup's shadow list.
  var state: UInt8
  /// The file it belongs to.
  var file: UInt16

  static let exists: UInt8 = 1, listed: UInt8 = 2
  @inline(__always) var exists: Bool { state & LeafRow.exists != 0 }
  @inline(__always) var isListed: Bool { state & LeafRow.listed != 0 }
}

/// The shadow list of one cgroup: leaves by row number, 0 is none.
struct ShadowList {
  var first: UInt32 = 0
  var last: UInt32 = 0
  var count = 0
}

/// All leaves of a machine.
final class LeafTable {
  private let arena: Arena<LeafRow>
  let rows: UnsafeMutablePointer<LeafRow>

  init(slots: Int) throws(BootError) {
    arena = try Arena(slots >> 6, for: "page-cache tree nodes")
    rows = arena.rows
  }

  @inline(__always) func append(_ leaf: UInt32, to list: UnsafeMutablePointer<ShadowList>) {
    let last = list.pointee.last
    rows[Int(leaf)].next = 0
    rows[Int(leaf)].previous = last
    if last == 0 { list.pointee.first = leaf } else { rows[Int(last)].next = leaf }
    list.pointee.last = leaf
    list.pointee.count &+= 1
    rows[Int(leaf)].state |= LeafRow.listed
  }

  @inline(__always) func remove(_ leaf: UInt32, from list: UnsafeMutablePointer<ShadowList>) {
    let next = rows[Int(leaf)].next, previous = rows[Int(leaf)].previous
    if previous == 0 { list.pointee.first = next } else { rows[Int(previous)].next = next }
    if next == 0 { list.pointee.last = previous } else { rows[Int(next)].previous = previous }
    list.pointee.count &-= 1
    rows[Int(leaf)].state &= ~LeafRow.listed
  }
}

/// One node above the leaves.
struct InnerNode {
  var exists = false
  /// Nodes of the level below that exist in it.
  var children: UInt8 = 0
  var memcg: UInt16 = 0
}
