// SPDX-License-Identifier: Apache-2.0
// The trees of the swap cache: nodes of 64 entries, which stay as long as a slot of theirs is in
// use (reference 09 §9.6).
//
// There is a tree for every 64 MiB of swap. An entry is a folio or, once it was written, the shadow
// of its eviction, so a node lives from the first of its slots that is taken to the last that is
// given back. Nobody is charged for it, and until 6.1 nobody counts it among the nodes of shadows;
// its memory comes from what is set aside for reclaim.

import CMemory

struct SwapTree {
  private let slabs: SlabCaches
  private let periods: GracePeriods
  private let arena: Arena<UInt8>
  /// Slots in use by 64, nodes by 64, and nodes of those by tree.
  private let leaves: UnsafeMutablePointer<UInt8>
  private let middle: UnsafeMutablePointer<UInt8>
  private let top: UnsafeMutablePointer<UInt8>

  /// Slots of a tree: 2 to the power of this.
  private static let treeShift = 14

  /// - Parameter slots: of the area, the header included.
  init(slots: Int, _ slabs: SlabCaches, _ periods: GracePeriods) throws(BootError) {
    self.slabs = slabs
    self.periods = periods
    let leafCount = (slots >> 6) + 1, middleCount = (slots >> 12) + 1
    arena = try Arena(
      leafCount + middleCount + (slots >> Self.treeShift) + 1, for: "nodes of the swap cache")
    leaves = arena.rows
    middle = leaves + leafCount
    top = middle + middleCount
  }

  /// A slot is taken. False: there is no memory for a node that it needs.
  @inline(__always) func add(_ offset: UInt32) -> Bool {
    let leaf = leaves + Int(offset >> 6)
    if _slowPath(leaf.pointee == 0), !grow(Int(offset)) { return false }
    leaf.pointee &+= 1
    return true
  }

  /// Fetches what giving a slot back will touch.
  @inline(__always) func prefetch(_ offset: UInt32) { memory_prefetch(leaves + Int(offset >> 6)) }

  /// A slot is given back.
  @inline(__always) func remove(_ offset: UInt32) {
    let leaf = leaves + Int(offset >> 6)
    leaf.pointee &-= 1
    if _slowPath(leaf.pointee == 0) { shrink(Int(offset)) }
  }

  /// Nodes above the leaf that come and go with the first and the last of a tree: the number of
  /// levels that the offset needs, without leaf and middle.
  private func upper(_ offset: Int) -> Int { max(FileMapping.levels(for: offset) - 2, 0) }

  @inline(never) private func grow(_ offset: Int) -> Bool {
    let levels = FileMapping.levels(for: offset)
    var needed = 1
    if levels > 1, middle[offset >> 12] == 0 { needed += 1 }
    if top[offset >> Self.treeShift] == 0 { needed += upper(offset) }
    for taken in 0..<needed where !slabs.takeForReclaim(.treeNode) {
      for _ in 0..<taken { slabs.free(.treeNode) }
      return false
    }
    if middle[offset >> 12] == 0 { top[offset >> Self.treeShift] += 1 }
    middle[offset >> 12] += 1
    return true
  }

  @inline(never) private func shrink(_ offset: Int) {
    var freed = 1
    middle[offset >> 12] -= 1
    if middle[offset >> 12] == 0 {
      if FileMapping.levels(for: offset) > 1 { freed += 1 }
      top[offset >> Self.treeShift] -= 1
      if top[offset >> Self.treeShift] == 0 { freed += upper(offset) }
    }
    for _ in 0..<freed {
      periods.free(
        KernelObject(
          kind: .treeNode, size: 0, owner: MemcgTree.rootNumber, isReclaimable: true))
    }
  }
}
