// SPDX-License-Identifier: Apache-2.0
// Shared anonymous memory: mapped, touched, given back (reference 26 §26.8).
//
// The kernel makes a nameless file for it, with an inode, a dentry and an open file of its own, all
// charged. Its page cache is filled by faults: a store or a load that finds a hole gets a new page
// of zeros. Nobody has to be told of a first store, since such pages are never written back to a
// file, so a page is mapped writable even where it was only read. Unmapping leaves the pages in the
// file; with its last mapping the file goes, and all that it holds.

import Timeline
import UAPI

extension Memory {
  /// mmap of shared anonymous memory; nil when there is no room for it.
  func mapShmem(_ name: String, pages: Int, _ task: SimTask) async throws(Killed) -> Area? {
    let memcg = task.memcg
    guard try await chargeShmemObjects(memcg, task) else { return nil }
    guard let file = cache.makeFile(name, pages: pages, isShmem: true) else {
      freeShmemObjects(memcg)
      return nil
    }
    for (k, kind) in SlabKind.ofShmem.enumerated() {
      if try await takeObject(kind, task) { continue }
      for taken in SlabKind.ofShmem.prefix(k) { slabs.free(taken) }
      cache.remove(file)
      freeShmemObjects(memcg)
      return nil
    }
    guard let area = try await mapArea(name, .shmem(file), pages: pages, open: nil, task) else {
      removeShmem(file, payer: memcg)
      return nil
    }
    return area
  }

  /// Inode, dentry and open file: bytes, and whether they count as reclaimable slab.
  private var shmemObjects: [(size: Int, reclaimable: Bool)] {
    let sizes = profile.objects
    return [(sizes.shmemInode, true), (sizes.dentry, true), (sizes.structFile, false)]
  }

  private func chargeShmemObjects(_ memcg: UInt16, _ task: SimTask) async throws(Killed) -> Bool {
    for (k, object) in shmemObjects.enumerated() {
      if try await chargeObject(memcg, object.size, reclaimable: object.reclaimable, task) {
        continue
      }
      for made in shmemObjects.prefix(k) {
        objects.free(memcg, made.size, reclaimable: made.reclaimable)
      }
      return false
    }
    return true
  }

  private func freeShmemObjects(_ memcg: UInt16) {
    for object in shmemObjects {
      objects.free(memcg, object.size, reclaimable: object.reclaimable)
    }
  }

  /// The last mapping is gone: pages are freed, in batches, and so are swap slots and the file.
  func removeShmem(_ file: FileMapping, payer: UInt16) {
    batches.drain()
    for index in 0..<file.pages where cache.slots[file.base + index] != .empty {
      let slot = cache.slots[file.base + index]
      let frame = slot.folio
      if frame == 0 {
        cache.clear(file, index)
        releaseSwap(slot.swapOffset)
        continue
      }
      let row = frames.rows[Int(frame)]
      let isFree = leaveList(frame)
      cache.drop(file, index)
      if isFree { freeLater(frame, row.memcg) }
    }
    settleFreed()
    cache.remove(file)
    for kind in SlabKind.ofShmem { slabs.free(kind) }
    freeShmemObjects(payer)
  }

  // MARK: faults

  /// A fault finds the page in the file, reads it back from swap, or makes a new one.
  /// - Returns: false when there was no memory for it.
  func shmemFault(
    _ area: Area, _ index: Int, _ file: FileMapping, write: Bool, _ task: SimTask
  ) async throws(Killed) -> Bool {
    let entry = entries + (area.base + index)
    if !write {
      let around = mapAround(area, index, file, index)
      for _ in 0..<around { task.unsettled.mappedShmem() }
      try await task.spend(
        profile.costs.fileFault + UInt64(around) * profile.costs.faultAroundPage)
      if entry.pointee.isPresent { return true }
    }
    while true {
      let slot = cache.slots[file.base + index]
      if slot.folio != 0 {
        map(slot.folio, area, index, dirty: write)
        task.unsettled.mappedShmem()
        break
      }
      let found =
        slot == .empty
        ? try await newShmemPage(file, index, task) : try await swapInShmem(file, index, task)
      guard found else { return false }
    }
    if write { try await task.spend(profile.costs.fileFault) }
    return true
  }

  /// A page of zeros in a hole of the file: charged, and so are the nodes of the tree that it
  /// needs, to whoever touched it.
  private func newShmemPage(_ file: FileMapping, _ index: Int, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    let memcg = task.memcg, size = profile.objects.treeNode
    guard try await chargePage(memcg, gfp: .highUserMovable, task) else { return false }
    tree.statistics.note(1)
    let frame = try await allocate(.movable, .highUserMovable, task)
    if frame == 0 {
      stock.uncharge(memcg, 1)
      tree.statistics.note(1)
      return false
    }
    while cache.missingNode(file, index) != nil {
      guard try await chargeObject(memcg, size, reclaimable: true, task) else {
        takeBack(frame, memcg)
        return false
      }
      // Nodes may have come while the charge reclaimed.
      guard let missing = cache.missingNode(file, index) else {
        objects.free(memcg, size, reclaimable: true)
        break
      }
      guard slabs.take(.treeNode) else {
        objects.free(memcg, size, reclaimable: true)
        if try await growSlab(.treeNode, .kernelAccount, task) { continue }
        takeBack(frame, memcg)
        return false
      }
      cache.makeNode(file, missing, memcg: memcg)
    }
    guard cache.slots[file.base + index] == .empty else {
      // Another task made the page while this one waited.
      takeBack(frame, memcg)
      return true
    }
    cache.insertShmem(file, index, frame, memcg: memcg)
    try await task.spend(profile.costs.anonymousFault)
    return true
  }

  /// A frame that was charged and is not needed.
  func takeBack(_ frame: UInt32, _ memcg: UInt16) {
    stock.uncharge(memcg, 1)
    tree.statistics.note(1)
    allocator.free(frame, order: 0)
  }
}
