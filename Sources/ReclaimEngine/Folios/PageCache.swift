// SPDX-License-Identifier: Apache-2.0
// The page cache: folios go into slots and come out of them.
//
// Order at an insertion (reference 13 §13.7): charge the page, charge and make missing nodes from
// the top down (PageCache+Nodes.swift), replace the shadow, statistics, refault, LRU-add batch.
// Charging is the caller's; nothing here waits or fails.

import UAPI

final class PageCache {
  let frames: FrameTable
  let slotTable: SlotTable
  let leaves: LeafTable
  let rows: UnsafeMutablePointer<FrameRow>
  let slots: UnsafeMutablePointer<Slot>
  let tree: MemcgTree
  let node: Node
  let batches: FolioBatches
  private let workingset: Workingset
  let gracePeriods: GracePeriods
  let nodeSize: Int
  /// By number, from 1 on; nil where a number is free again.
  private var mappings: [FileMapping?] = []
  private var spareNumbers: [UInt16] = []
  /// Told when nothing of a file is cached any more, not even a shadow.
  var emptied: ((FileMapping) -> Void)?
  /// Files that have a name, in order of creation.
  var files: [FileMapping] { mappings.compactMap { $0 }.filter { $0.hasName } }
  /// The nameless ones of shmem as well.
  var allFiles: [FileMapping] { mappings.compactMap { $0 } }

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
  func makeFile(
    _ name: String, pages: Int, isShmem: Bool = false, isDevice: Bool = false
  ) -> FileMapping? {
    guard spareNumbers.last != nil || mappings.count < Int(UInt16.max) - 1,
      let base = slotTable.allocate(pages)
    else { return nil }
    let number = spareNumbers.popLast() ?? UInt16(mappings.count + 1)
    let file = FileMapping(
      number: number, name: name, pages: pages, base: base, isShmem: isShmem, isDevice: isDevice)
    if Int(number) > mappings.count {
      mappings.append(file)
    } else {
      mappings[Int(number) - 1] = file
    }
    // Page 0 may lie there without a node: the block says whose it is all the same.
    leaves.rows[base >> 6].file = number
    return file
  }

  /// A file whose slots are empty is no more.
  func remove(_ file: FileMapping) {
    freeLeftNodes(file)
    mappings[Int(file.number) - 1] = nil
    spareNumbers.append(file.number)
    slotTable.free(file.base, file.pages)
  }

  /// The file whose page cache a slot belongs to.
  @inline(__always) func file(ofSlot slot: Int) -> FileMapping {
    file(number: leaves.rows[slot >> 6].file)
  }

  func file(number: UInt16) -> FileMapping { mappings[Int(number) - 1]! }

  func file(named name: String) -> FileMapping? { files.first { $0.name == name } }

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
    if file.isShmem { countShmem(-1, memcg) }
    clear(file, index)
  }

  /// Forgets what a slot remembers of a page that was evicted.
  func forgetShadow(_ file: FileMapping, _ index: Int) {
    let leaf = leaves.rows + ((file.base + index) >> 6)
    if leaf.pointee.exists { leaf.pointee.shadows -= 1 }
    clear(file, index)
  }

  /// Empties a slot; a node without entries goes, one with nothing but shadows is listed.
  func clear(_ file: FileMapping, _ index: Int) {
    let slot = file.base + index
    slots[slot] = .empty
    file.entries -= 1
    if file.entries == 0 { emptied?(file) }
    let leaf = leaves.rows + (slot >> 6)
    guard leaf.pointee.exists else { return }
    leaf.pointee.entries -= 1
    if leaf.pointee.entries == 0 {
      freeNode(file, 1, index >> 6)
    } else if leaf.pointee.entries == leaf.pointee.shadows, !leaf.pointee.isListed {
      list(UInt32(slot >> 6))
    }
  }
}
