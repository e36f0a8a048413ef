// SPDX-License-Identifier: Apache-2.0
// stat of names in a directory: one that is remembered costs a look; one that is not costs the
// blocks it is in, a dentry and, unless it is still cached or there is none, an inode.
//
// Whoever looks a name up first pays for what is kept of it, and for the blocks that are read.

import Timeline
import UAPI

extension Memory {
  /// One stat for each access of the pattern.
  /// - Parameters:
  ///   - size: how many names the pattern is over.
  /// - Returns: false when there was no memory for one of them; those before it are done.
  func stat(
    _ open: OpenDirectory, exists: Bool, _ pattern: AccessPattern, over size: Int, _ task: SimTask
  ) async throws(Killed) -> Bool {
    let position = open.position
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: ReadRun.lookahead)
    defer { buffer.deallocate() }
    var cursor = PatternCursor(
      pattern, size: size, position: exists ? open.next : 0, stream: open.stream,
      tables: zipfTables)
    defer {
      if exists { open.next = cursor.position }
      open.stream = cursor.stream
    }
    while true {
      let n = cursor.fill(buffer)
      if n == 0 { return true }
      for k in 0..<n {
        let index = Int(buffer[k])
        let name = directoryCache.name(index, in: position, exists: exists)
        if name == 0 { return false }
        if names.find(name) {
          try await task.spendOutside(profile.costs.statCached)
        } else {
          guard try await lookUp(name, index, in: position, exists: exists, task) else {
            return false
          }
          try task.leaveKernel()
          task.enterKernel()
        }
        if task.turnLength != .max {
          task.accessesLeft -= 1
          if task.accessesLeft == 0 { try await nextTurn?(task) }
        }
      }
    }
  }

  private func lookUp(
    _ name: UInt32, _ index: Int, in position: Int, exists: Bool, _ task: SimTask
  ) async throws(Killed) -> Bool {
    touchBootBlocks()
    let directory = directoryCache.directories[position]
    if !names.has(directory.own) {
      guard try await bring(directory.own, exists: true, task) else { return false }
    }
    let readsInode = exists && !names.hasInode(name)
    let path = directoryCache.path(
      of: index, in: position, exists: exists, readsInode: readsInode)
    for block in path {
      guard try await readBlock(block, task) else { return false }
    }
    guard try await bring(name, exists: exists, task) else { return false }
    names.letGo(name)
    try await task.spend(readsInode ? profile.costs.statNew : profile.costs.statForgotten)
    return true
  }

  /// Remembers a name: its dentry and, where there is one that is not known, its inode. False:
  /// there is no memory for them.
  private func bring(_ name: UInt32, exists: Bool, _ task: SimTask) async throws(Killed) -> Bool {
    let sizes = profile.objects
    guard try await makeObject(.dentry, sizes.dentry, task) else { return false }
    let isNew = exists && !names.hasInode(name)
    if isNew {
      guard try await makeObject(.inode, sizes.inode, task) else {
        giveBack(.dentry, sizes.dentry, task)
        return false
      }
      if sizes.inodeSecurity > 0, try await !takeObject(.inodeSecurity, task) {
        giveBack(.dentry, sizes.dentry, task)
        giveBack(.inode, sizes.inode, task)
        return false
      }
    }
    // Another task may have been faster while this one waited.
    if isNew, names.hasInode(name) {
      giveBack(.inode, sizes.inode, task)
      if sizes.inodeSecurity > 0 { slabs.free(.inodeSecurity) }
    }
    if names.has(name) {
      giveBack(.dentry, sizes.dentry, task)
    } else {
      names.remember(name, exists: exists, memcg: task.memcg)
    }
    return true
  }

  /// Charges an object that can be reclaimed to the task's cgroup, and takes it.
  private func makeObject(_ kind: SlabKind, _ size: Int, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    guard try await chargeObject(task.memcg, size, reclaimable: true, task) else { return false }
    if try await takeObject(kind, task) { return true }
    objects.free(task.memcg, size, reclaimable: true)
    return false
  }

  private func giveBack(_ kind: SlabKind, _ size: Int, _ task: SimTask) {
    objects.free(task.memcg, size, reclaimable: true)
    slabs.free(kind)
  }

  /// A block of the file system's own, read where it is not cached, and used twice.
  private func readBlock(_ block: Int, _ task: SimTask) async throws(Killed) -> Bool {
    guard let device = blockDevice else { return false }
    if cache.slots[device.base + block].folio == 0 {
      var fill = WindowFill(device)
      fill.begin(ReadaheadWindow(start: block, size: 1, lookahead: 0), gfp: [.noFS, .movable])
      while let need = fill.advance(self, task) { try await meet(need, &fill, task) }
      node.counters.add(4 * fill.inserted, to: .pgpgin)
      try await task.spend(profile.costs.blockRead)
    }
    let frame = cache.slots[device.base + block].folio
    if frame == 0 { return false }
    batches.markAccessed(frame)
    batches.markAccessed(frame)
    return true
  }
}
