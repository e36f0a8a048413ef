// SPDX-License-Identifier: Apache-2.0
// stat of files in a directory: a name that is remembered costs a look; one that is not costs the
// blocks it is in, a dentry and, unless it is still cached, an inode.

import Timeline
import UAPI

extension Memory {
  /// One stat for each access of the pattern.
  /// - Returns: false when there was no memory for one of them; those before it are done.
  func stat(_ directory: DirectoryCache.Directory, _ pattern: AccessPattern, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: ReadRun.lookahead)
    defer { buffer.deallocate() }
    var cursor = PatternCursor(
      pattern, size: directory.files, position: 0, stream: SplitMix64(seed: 1), tables: zipfTables)
    while true {
      let n = cursor.fill(buffer)
      if n == 0 { return true }
      for k in 0..<n {
        let file = directory.first + Int(buffer[k])
        if directoryCache.find(file) {
          try await task.spendOutside(profile.costs.statCached)
          continue
        }
        guard try await lookUp(file, directory, task) else { return false }
        try task.leaveKernel()
        task.enterKernel()
      }
    }
  }

  private func lookUp(_ file: Int, _ directory: DirectoryCache.Directory, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    touchBootBlocks()
    for block in directoryCache.blocks(of: file, directory) {
      guard try await readBlock(block, task) else { return false }
    }
    guard try await takeObject(.dentry, task) else { return false }
    let isNew = !directoryCache.hasInode(file)
    if isNew, try await !takeObject(.inode, task) {
      slabs.free(.dentry)
      return false
    }
    directoryCache.remember(file)
    try await task.spend(isNew ? profile.costs.statNew : profile.costs.statForgotten)
    return true
  }

  /// A block of the file system's own, read where it is not cached, and used twice.
  private func readBlock(_ block: Int, _ task: SimTask) async throws(Killed) -> Bool {
    if directoryCache.blocks[block] == 0 {
      let leaf = block >> 6
      if !blockLeaves.contains(leaf) {
        guard try await takeObject(.treeNode, task) else { return false }
        blockLeaves.append(leaf)
      }
      let frame = try await allocate(.movable, [.noFS, .movable], task)
      if frame == 0 { return false }
      frames.rows[Int(frame)] = FrameRow(
        position: 0, slot: 0, link: 0, flags: [], memcg: MemcgTree.rootNumber)
      directoryCache.blocks[block] = frame
      node.counters.add(1, to: .nr_file_pages)
      node.counters.add(4, to: .pgpgin)
      tree.add(1, to: .file, of: MemcgTree.rootNumber)
      batches.add(frame)
      try await task.spend(profile.costs.blockRead)
    }
    let frame = directoryCache.blocks[block]
    batches.markAccessed(frame)
    batches.markAccessed(frame)
    return true
  }

  /// The superblock shrinker of the file system; a request that must not enter it is told to stop.
  /// - Returns: CPU time that freeing took.
  func shrinkDirectories(_ control: ScanControl) -> UInt64 {
    let objects = directoryCache.dentries + directoryCache.inodes
    let freeable =
      objects / 100 * directoryCache.pressure + objects % 100 * directoryCache.pressure / 100
    if freeable == 0 { return 0 }
    let before = directoryCache.deferred
    var scan = SlabScan(
      freeable: freeable, deferred: before, priority: control.priority, seeks: 2,
      behaviour: profile.deferredShrink)
    tracer.shrinkSlabStart(
      Self.superblock, node: node.number, scan, deferred: before, freeable: freeable,
      priority: control.priority, gfp: control.gfp)
    var scanned = 0, freed = 0
    while control.gfp.contains(.fs), let n = scan.step(freeable, batch: Self.superblockBatch) {
      freed += prune(n)
      scanned += n
      scan.total -= n
    }
    node.counters.add(scanned, to: .slabs_scanned)
    directoryCache.deferred = scan.deferred(
      before: before, scanned: scanned, freeable: freeable, behaviour: profile.deferredShrink)
    tracer.shrinkSlabEnd(
      Self.superblock, node: node.number, unused: before, new: directoryCache.deferred,
      total: scan.total, freed: freed)
    return UInt64(freed) * profile.costs.objectPruned
  }

  /// Divides a scan among dentries and inodes, one more of each (reference 10 §10.4).
  private func prune(_ n: Int) -> Int {
    let dentries = directoryCache.dentries, inodes = directoryCache.inodes
    let total = dentries + inodes + 1
    let names = directoryCache.pruneDentries(n * dentries / total + 1)
    let nodes = directoryCache.pruneInodes(n * inodes / total + 1)
    for _ in 0..<names { slabs.free(.dentry) }
    for _ in 0..<nodes { slabs.free(.inode) }
    return names + nodes
  }

  private static let superblock = "super_cache_scan"
  private static let superblockBatch = 1024
}
