// SPDX-License-Identifier: Apache-2.0
// The page cache: folios go into slots and come out of them, and the tree's nodes with them.
//
// Order at an insertion (reference 13 §13.7): charge the page, charge and make missing nodes from
// the top down, replace the shadow, statistics, refault, LRU-add batch. Charging is the caller's;
// nothing here waits or fails.

import UAPI

/// A node that a page needs and the tree does not have.
struct MissingNode {
  var level: Int
  var position: Int
}

final class PageCache {
  let frames: FrameTable
  let slotTable: SlotTable
  let leaves: LeafTable
  private let rows: UnsafeMutablePointer<FrameRow>
  let slots: UnsafeMutablePointer<Slot>
  private let tree: MemcgTree
  private let node: Node
  private let batches: FolioBatches
  private let workingset: Workingset
  private let gracePeriods: GracePeriods
  private let nodeSize: Int
  private var mappings: [FileMapping] = []
  var files: [FileMapping] { mappings }

  init(
    frames: FrameTable, slots: SlotTable, leaves: LeafTable, tree: MemcgTree, node: Node,
    batches: FolioBatches, workingset: Workingset, gracePeriods: GracePeriods,
    profile: KernelProfile
  ) {
    self.frames = frames
    slotTable = slots
    self.leaves = leaves
    rows = frames.rows
    self.slots = slots.slots
    self.tree = tree
    self.node = node
    self.batches = batches
    self.workingset = workingset
    self.gracePeriods = gracePeriods
    nodeSize = profile.objects.treeNode
  }

  /// Makes a file of that size; nil when there are no slots or file numbers left for it.
  func makeFile(_ name: String, pages: Int) -> FileMapping? {
    guard mappings.count < Int(UInt16.max) - 1, let base = slotTable.allocate(pages) else {
      return nil
    }
    let file = FileMapping(
      number: UInt16(mappings.count + 1), name: name, pages: pages, base: base)
    mappings.append(file)
    // Page 0 may lie there without a node: the block says whose it is all the same.
    leaves.rows[base >> 6].file = file.number
    return file
  }

  /// The file whose page cache a slot belongs to.
  func file(ofSlot slot: Int) -> FileMapping { mappings[Int(leaves.rows[slot >> 6].file) - 1] }

  func file(named name: String) -> FileMapping? { mappings.first { $0.name == name } }

  // MARK: nodes

  /// The next node that page `index` needs: growing from the bottom, then from the top down. Nil
  /// when all are there.
  @inline(__always) func missingNode(_ file: FileMapping, _ index: Int) -> MissingNode? {
    if leaves.rows[(file.base &+ index) >> 6].exists { return nil }
    return firstMissing(file, index)
  }

  @inline(never) private func firstMissing(_ file: FileMapping, _ index: Int) -> MissingNode? {
    let needed = FileMapping.levels(for: index)
    if needed > file.height {
      if file.height > 0 || file.entries > 0 {
        for level in (file.height + 1)...needed where !exists(file, level, 0) {
          return MissingNode(level: level, position: 0)
        }
      }
      file.height = needed
    }
    var level = file.height
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

  /// Makes a node that `memcg` has been charged for. A page 0 that had no node moves into the first
  /// leaf.
  func makeNode(_ file: FileMapping, _ missing: MissingNode, memcg: UInt16) {
    if missing.level == 1 {
      let leaf = UInt32((file.base >> 6) + missing.position)
      let row = leaves.rows + Int(leaf)
      row.pointee = LeafRow(
        next: 0, previous: 0, entries: 0, shadows: 0, memcg: memcg, state: LeafRow.exists,
        file: file.number)
      if missing.position == 0, slots[file.base].raw != 0 {
        row.pointee.entries = 1
        row.pointee.shadows = slots[file.base].isShadow ? 1 : 0
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

  private func freeNode(_ file: FileMapping, _ level: Int, _ position: Int) {
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

  private func unlist(_ leaf: UInt32) {
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

  // MARK: folios

  /// Puts a charged folio into its slot, whose nodes exist; it is locked, counted and waits in the
  /// LRU-add batch.
  @inline(__always) func insert(
    _ file: FileMapping, _ index: Int, _ frame: UInt32, memcg: UInt16, flags: FolioFlags
  ) {
    let slot = file.base &+ index
    let before = slots[slot]
    rows[Int(frame)] = FrameRow(
      position: 0, slot: UInt32(truncatingIfNeeded: slot), link: 0, flags: flags, memcg: memcg)
    slots[slot] = Slot(folio: frame)
    let leaf = leaves.rows + (slot >> 6)
    if leaf.pointee.exists {
      if before.isShadow {
        leaf.pointee.shadows &-= 1
      } else {
        leaf.pointee.entries &+= 1
      }
      if _slowPath(leaf.pointee.isListed) { unlist(UInt32(truncatingIfNeeded: slot >> 6)) }
    }
    if !before.isShadow { file.entries &+= 1 }
    node.counters.add(1, to: .nr_file_pages)
    tree.add(1, to: .file, of: memcg)
    tree.statistics.note(1)
    if before.isShadow { workingset.refault(frame, Shadow(before), file: true) }
    batches.add(frame)
  }

  /// Drops a folio that is on no list any more: no shadow stays (reference 08 §8.8), empty nodes
  /// go.
  func drop(_ file: FileMapping, _ index: Int) {
    let slot = file.base + index
    let frame = slots[slot].folio
    let memcg = rows[Int(frame)].memcg
    node.counters.add(-1, to: .nr_file_pages)
    tree.add(-1, to: .file, of: memcg)
    tree.statistics.note(1)
    clear(file, index)
  }

  /// Forgets what a slot remembers of a page that was evicted.
  func forgetShadow(_ file: FileMapping, _ index: Int) {
    let leaf = leaves.rows + ((file.base + index) >> 6)
    if leaf.pointee.exists { leaf.pointee.shadows -= 1 }
    clear(file, index)
  }

  /// Empties a slot; a node without entries goes, one with nothing but shadows is listed.
  private func clear(_ file: FileMapping, _ index: Int) {
    let slot = file.base + index
    slots[slot] = .empty
    file.entries -= 1
    let leaf = leaves.rows + (slot >> 6)
    guard leaf.pointee.exists else { return }
    leaf.pointee.entries -= 1
    if leaf.pointee.entries == 0 {
      freeNode(file, 1, index >> 6)
    } else if leaf.pointee.entries == leaf.pointee.shadows, !leaf.pointee.isListed {
      list(UInt32(slot >> 6))
    }
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
    leaves.append(leaf, to: shadowLeaves(leaves.rows[Int(leaf)].memcg))
    node.counters.add(1, to: .workingset_nodes)
    tree.statistics.note(1)
  }

  /// Frees the oldest leaf of shadows that the cgroup paid for. False: it has none.
  func forgetOldestShadows(of memcg: UInt16) -> Bool {
    let leaf = shadowLeaves(memcg).pointee.first
    if leaf == 0 { return false }
    let file = mappings[Int(leaves.rows[Int(leaf)].file) - 1]
    let first = Int(leaf) << 6
    for slot in first..<min(first + 64, file.base + file.pages) where slots[slot].isShadow {
      slots[slot] = .empty
      file.entries -= 1
    }
    freeNode(file, 1, (first - file.base) >> 6)
    return true
  }
}
