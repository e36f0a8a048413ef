// SPDX-License-Identifier: Apache-2.0
// Names of files: looked up at an open, and taken away by unlink.
//
// Whoever looks a name up first pays for its dentry and its inode. An unlinked name is found no
// more. Where nobody has the file open the dentry stays, as one of a name that does not exist;
// otherwise it goes with the last descriptor. The file goes at the same time: its pages are freed
// and its shadows forgotten, which no counter of reclaim sees, then its inode is given back. An
// area that maps the file counts as a descriptor, for its task keeps one until it exits. Blocks
// that the file system changes for it are not modelled.

import Timeline
import UAPI

extension Memory {
  /// Looks a file's name up and holds it until `close`.
  /// - Parameter opens: a descriptor is made as well, which goes with the task.
  func useName(of file: FileMapping, opens: Bool, _ task: SimTask) async throws(Killed) {
    let sizes = profile.objects
    var kinds = opens ? [(SlabKind.file, sizes.structFile, false)] : []
    let known = nameNumber(of: file)
    if !names.find(known) {
      kinds.append((.dentry, sizes.dentry, true))
      if !names.hasInode(known) {
        kinds.append((.inode, sizes.inode, true))
        if sizes.inodeSecurity > 0, try await !takeObject(.inodeSecurity, task) {
          try giveUpForMemory(task)
        }
        touchMetadata()
      }
      names.remember(known, memcg: task.memcg)
    }
    names.use(known)
    for (kind, size, reclaimable) in kinds {
      if try await !chargeObject(task.memcg, size, reclaimable: reclaimable, task) {
        try giveUpForMemory(task)
      }
      if try await !takeObject(kind, task) { try giveUpForMemory(task) }
    }
  }

  /// - Returns: ENOENT where another task was faster.
  func unlink(_ file: FileMapping, _ task: SimTask) async throws(Killed) -> Outcome {
    // What an open takes, for want of a figure of its own: both look a name up.
    try await task.spend(profile.costs.open)
    if file.isUnlinked { return .failed(.ENOENT) }
    try await useName(of: file, opens: false, task)
    if file.isUnlinked {
      await close(file, task)
      return .failed(.ENOENT)
    }
    file.isUnlinked = true
    if names.rows[Int(file.inodeName)].users == 1 {
      await discard(file, task)
      names.loseFile(file.inodeName)
      names.close(file.inodeName)
    } else {
      await close(file, task)
    }
    return .done
  }

  /// A holder of the name lets go of it; with the last one an unlinked file goes.
  func close(_ file: FileMapping, _ task: SimTask) async {
    let name = file.inodeName
    let row = names.rows + Int(name)
    guard file.isUnlinked, row.pointee.users == 1 else {
      names.close(name)
      return
    }
    await discard(file, task)
    letGo(.dentry, profile.objects.dentry, of: row.pointee.memcg, .files)
    names.dropDentry(name, .files)
    names.dropInode(name, .files)
    row.pointee.users = 0
  }

  /// Frees all that is cached of a file which can be found no more, and its inode.
  private func discard(_ file: FileMapping, _ task: SimTask) async {
    batches.drain()
    var next = 0
    while next < file.pages {
      let cost = discardSome(file, &next)
      if cost > 0 { do { try await task.spend(cost) } catch {} }
    }
    let row = names.rows + Int(file.inodeName)
    letGo(.inode, profile.objects.inode, of: row.pointee.inodeMemcg, .files)
    row.pointee.file = 0
    cache.remove(file)
  }

  /// Frees pages up to where nothing waits to be freed.
  /// - Parameter next: the first page; then the first that is left.
  /// - Returns: the CPU time that it took: that of dropping pages by advice, for want of a figure
  ///   of its own.
  private func discardSome(_ file: FileMapping, _ next: inout Int) -> UInt64 {
    var cost: UInt64 = 0
    let first = next
    while next < file.pages {
      let slot = cache.slots[file.base + next]
      if slot.isShadow {
        cache.forgetShadow(file, next)
        cost += profile.costs.shadowForgotten
      } else if slot.folio != 0 {
        discardFolio(file, next)
        cost += profile.costs.pageInvalidated
      }
      next += 1
      if freedCount == 0, next - first >= profile.numbers.folioBatch { return cost }
    }
    settleFreed()
    return cost
  }

  private func discardFolio(_ file: FileMapping, _ index: Int) {
    let frame = cache.slots[file.base + index].folio
    let row = frames.rows + Int(frame)
    // A scan that ran while this one gave way may have sent it to a batch.
    if row.pointee.flags.contains(.queued) { batches.drain() }
    let memcg = row.pointee.memcg
    let isFree = leaveList(frame)
    cache.drop(file, index)
    if isFree { freeLater(frame, memcg) }
  }
}
