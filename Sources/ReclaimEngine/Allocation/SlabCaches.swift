// SPDX-License-Identifier: Apache-2.0
// Kernel objects and the slabs they come from: how many pages the kernel itself takes while it
// works.
//
// Only numbers: objects in use, objects free in slabs. A slab is taken from the page allocator when
// no object is free and given back when more than five slabs' worth of objects are, as if live
// objects were packed; which object lies in which slab is not modelled. Sizes per kernel:
// fidelity/starting-state.md, "Slab caches".

import UAPI

enum SlabKind: Int, CaseIterable {
  case treeNode, dentry, inode, file, shmemInode
  /// What security modules keep for an inode.
  case inodeSecurity

  /// What a nameless file consists of.
  static let ofShmem: [SlabKind] = [.shmemInode, .dentry, .file]
}

final class SlabCaches {
  private struct Cache {
    var objectsPerSlab: Int
    var order: Int
    var reclaimable: Bool
    var free = 0
    /// Objects in use that came since boot.
    var used = 0
    var slabs: [UInt32] = []
  }

  private static let sparesKept = 5
  private var caches: [Cache]
  private let allocator: PageAllocator
  private let rows: UnsafeMutablePointer<FrameRow>
  private let node: Node

  init(
    allocator: PageAllocator, frames: FrameTable, node: Node, profile: KernelProfile,
    free: FreeObjects
  ) {
    self.allocator = allocator
    rows = frames.rows
    self.node = node
    caches = SlabKind.allCases.map { kind in
      switch kind {
      case .treeNode: Cache(objectsPerSlab: 14, order: 1, reclaimable: true)
      case .dentry: Cache(objectsPerSlab: 21, order: 0, reclaimable: true)
      case .inode: Cache(objectsPerSlab: 13, order: 2, reclaimable: true)
      case .file: Cache(objectsPerSlab: 16, order: 0, reclaimable: false)
      // What is charged is 8 bytes more than the object.
      case .shmemInode:
        Cache(objectsPerSlab: 8192 / (profile.objects.shmemInode - 8), order: 1, reclaimable: true)
      case .inodeSecurity: Cache(objectsPerSlab: 128, order: 0, reclaimable: false)
      }
    }
    caches[SlabKind.treeNode.rawValue].free = free.treeNodes
    caches[SlabKind.dentry.rawValue].free = free.dentries
    caches[SlabKind.inode.rawValue].free = free.inodes
    caches[SlabKind.inodeSecurity.rawValue].free = free.inodeSecurity
  }

  /// Takes one object. False: the zones have no pages for another slab.
  @inline(__always) func take(_ kind: SlabKind) -> Bool {
    if caches[kind.rawValue].free == 0, !grow(kind) { return false }
    caches[kind.rawValue].free -= 1
    caches[kind.rawValue].used += 1
    return true
  }

  /// Gives one object back.
  /// - Returns: pages of the machine that became free with it.
  @discardableResult
  func free(_ kind: SlabKind) -> Int {
    caches[kind.rawValue].free += 1
    caches[kind.rawValue].used -= 1
    let cache = caches[kind.rawValue]
    guard cache.free > Self.sparesKept * cache.objectsPerSlab, let slab = cache.slabs.last else {
      return 0
    }
    caches[kind.rawValue].slabs.removeLast()
    caches[kind.rawValue].free -= cache.objectsPerSlab
    let pages = 1 << cache.order
    for k in 0..<pages { rows[Int(slab) + k].flags = [] }
    allocator.free(slab, order: cache.order)
    node.counters.add(
      -pages, to: cache.reclaimable ? .nr_slab_reclaimable : .nr_slab_unreclaimable)
    return pages
  }

  /// Takes one object for who reclaims. False: nothing is free.
  func takeForReclaim(_ kind: SlabKind) -> Bool {
    if caches[kind.rawValue].free == 0 {
      let slab = allocator.allocateForReclaim(order: order(kind), mobility(kind))
      if slab == 0 { return false }
      adopt(slab, kind)
    }
    caches[kind.rawValue].free -= 1
    caches[kind.rawValue].used += 1
    return true
  }

  private func grow(_ kind: SlabKind) -> Bool {
    let slab = allocator.allocate(order: order(kind), mobility(kind))
    if slab == 0 { return false }
    adopt(slab, kind)
    return true
  }

  /// The order of a slab, and the mobility it is asked for with.
  func order(_ kind: SlabKind) -> Int { caches[kind.rawValue].order }
  func mobility(_ kind: SlabKind) -> Mobility {
    caches[kind.rawValue].reclaimable ? .reclaimable : .unmovable
  }

  /// A new slab of that kind: frames that were allocated for it.
  func adopt(_ slab: UInt32, _ kind: SlabKind) {
    let cache = caches[kind.rawValue]
    let pages = 1 << cache.order
    for k in 0..<pages {
      rows[Int(slab) + k] = FrameRow(position: 0, slot: 0, link: 0, flags: .kernel, memcg: 0)
    }
    caches[kind.rawValue].slabs.append(slab)
    caches[kind.rawValue].free += cache.objectsPerSlab
    node.counters.add(
      pages, to: cache.reclaimable ? .nr_slab_reclaimable : .nr_slab_unreclaimable)
  }

  func use(of kind: SlabKind, name: String, objectSize: Int) -> SlabUse {
    let cache = caches[kind.rawValue]
    return SlabUse(
      name: name, objectSize: objectSize, perSlab: cache.objectsPerSlab,
      objects: max(cache.used, 0), free: cache.free, pages: cache.slabs.count << cache.order)
  }

  /// Pages in slabs taken since boot: for the invariants.
  var pages: Int { caches.reduce(0) { $0 + ($1.slabs.count << $1.order) } }
}
