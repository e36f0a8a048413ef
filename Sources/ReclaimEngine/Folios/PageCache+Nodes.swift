// SPDX-License-Identifier: Apache-2.0
// The nodes of a file's tree in the page cache: which ones a page needs, when they come and when
// they go (reference 09 §9.6, 13 §13.7).
//
// A tree grows at its top, then down to the page. A node without entries goes, and its parents with
// it; a leaf with nothing but shadows stays and is listed for the shadow shrinker.

import UAPI

/// A node that a page needs and the tree does not have.
struct MissingNode {
  var level: Int
  var position: Int
}

extension PageCache {
  /// The next node that page `index` needs: growing from the bottom, then from the top down. Nil
  /// when all are there.
  @inline(__always) func missingNode(_ file: FileMapping, _ index: Int) -> MissingNode? {
    if leaves.rows[(file.base &+ index) >> 6].exists { return nil }
    return firstMissing(file, index)
  }

  @inline(never) private func firstMissing(_ file: FileMapping, _ index: Int) -> MissingNode? {
    let needed = FileMapping.levels(for: index)
    if needed > file.height, file.height > 0 || file.entries > 0 {
      return MissingNode(level: file.height + 1, position: 0)
    }
    var level = max(needed, file.height)
    while level > 0 {
      let position = index >> (6 * level)
      if !exists(file, level, position) { return MissingNode(level: level, position: position) }
      level -= 1
    }
    return nil
  }

  private func exists(_ file: FileMapping, _ level: Int, _ position: Int) -> Bool {
    level == 1
      ? leaves.rows[(file.base >> 6) + position].exists
      : file.innerNode(level, position).pointee.exists
  }

  /// Makes a node that `memcg` has been charged for; the tree is as high as its highest node. A
  /// page 0 that had no node moves into the first leaf.
  func makeNode(_ file: FileMapping, _ missing: MissingNode, memcg: UInt16) {
    file.height = max(file.height, missing.level)
    if missing.level == 1 {
      let leaf = UInt32((file.base >> 6) + missing.position)
      let row = leaves.rows + Int(leaf)
      row.pointee = LeafRow(
        next: 0, previous: 0, entries: 0, shadows: 0, memcg: memcg, state: LeafRow.exists,
        file: file.number)
      if missing.position == 0, slots[file.base].raw != 0 {
        row.pointee.entries = 1
        row.pointee.shadows = !file.isShmem && slots[file.base].isShadow ? 1 : 0
      }
    } else {
      let inner = file.innerNode(missing.level, missing.position)
      inner.pointee.exists = true
      inner.pointee.memcg = memcg
      // When the tree grows, what was its top becomes the first child.
      if missing.position == 0, exists(file, missing.level - 1, 0) { inner.pointee.children += 1 }
    }
    if missing.level < file.height {
      file.innerNode(missing.level + 1, missing.position >> 6).pointee.children += 1
    }
  }

  /// The tree of a device whose other blocks have been cached since boot: its inner nodes are
  /// there, and stay.
  func makeInnerNodesOfBoot(_ device: FileMapping) {
    device.height = FileMapping.levels(for: device.pages - 1)
    guard device.height > 1 else { return }
    for level in 2...device.height {
      for position in 0..<device.nodeCount(level) {
        device.innerNode(level, position).pointee = InnerNode(
          exists: true, children: 1, memcg: MemcgTree.rootNumber)
      }
    }
  }

  func freeNode(_ file: FileMapping, _ level: Int, _ position: Int) {
    let memcg: UInt16
    if level == 1 {
      let leaf = UInt32((file.base >> 6) + position)
      let row = leaves.rows + Int(leaf)
      memcg = row.pointee.memcg
      if row.pointee.isListed { unlist(leaf) }
      row.pointee.state = 0
    } else {
      let inner = file.innerNode(level, position)
      memcg = inner.pointee.memcg
      inner.pointee = InnerNode()
    }
    gracePeriods.free(
      KernelObject(kind: .treeNode, size: nodeSize, owner: memcg, isReclaimable: true))
    guard level < file.height else {
      file.height = 0
      return
    }
    let parent = file.innerNode(level + 1, position >> 6)
    parent.pointee.children -= 1
    if parent.pointee.children == 0 { freeNode(file, level + 1, position >> 6) }
  }

  /// Nodes that were made for a page that never came: its charge was refused after theirs.
  func freeLeftNodes(_ file: FileMapping) {
    guard file.height > 0 else { return }
    for level in 1...file.height {
      for position in 0..<file.nodeCount(level) where exists(file, level, position) {
        freeNode(file, level, position)
      }
    }
  }

  func unlist(_ leaf: UInt32) {
    let memcg = leaves.rows[Int(leaf)].memcg
    leaves.remove(leaf, from: shadowLeaves(memcg))
    node.counters.add(-1, to: .workingset_nodes)
    tree.statistics.note(1)
  }

  @inline(__always) func shadowLeaves(_ memcg: UInt16) -> UnsafeMutablePointer<ShadowList> {
    UnsafeMutableRawPointer(tree.rows + Int(tree.kernelPayer(memcg)))
      .advanced(by: MemoryLayout<MemcgRow>.offset(of: \.shadowLeaves)!)
      .assumingMemoryBound(to: ShadowList.self)
  }

  /// A folio has left its slot, which remembers it.
  func becameShadow(_ slot: Int) {
    let leaf = leaves.rows + (slot >> 6)
    guard leaf.pointee.exists else { return }
    leaf.pointee.shadows &+= 1
    if leaf.pointee.shadows == leaf.pointee.entries { list(UInt32(truncatingIfNeeded: slot >> 6)) }
  }

  /// A leaf has lost its last page: its shadows are all that keeps it.
  @inline(__always) func list(_ leaf: UInt32) {
    let memcg = leaves.rows[Int(leaf)].memcg
    leaves.append(leaf, to: shadowLeaves(memcg))
    tree.books.mark(tree.kernelPayer(memcg))
    node.counters.add(1, to: .workingset_nodes)
    tree.statistics.note(1)
  }

  /// Frees the oldest leaf of shadows that the cgroup paid for. False: it has none.
  func forgetOldestShadows(of memcg: UInt16) -> Bool {
    let leaf = shadowLeaves(memcg).pointee.first
    if leaf == 0 { return false }
    let file = file(number: leaves.rows[Int(leaf)].file)
    let first = Int(leaf) << 6
    for slot in first..<min(first + 64, file.base + file.pages) where slots[slot].isShadow {
      slots[slot] = .empty
      file.entries -= 1
    }
    if file.entries == 0 { emptied?(file) }
    freeNode(file, 1, (first - file.base) >> 6)
    return true
  }
}
