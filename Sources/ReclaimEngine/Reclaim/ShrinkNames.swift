// SPDX-License-Identifier: Apache-2.0
// The shrinkers of file systems: dentries and inodes that a cgroup pays for are forgotten, oldest
// first (reference 10 §10.4).
//
// Half of what vm.vfs_cache_pressure makes of their number is due at the highest pressure, in
// batches of 1024, divided among dentries and inodes. Dentries in use leave the list, those used
// again meanwhile go round once more. Memory comes back a grace period later.

import UAPI

/// How a scan of `n` objects is divided among dentries and inodes: one more of each than its share.
/// Dentries come first, so that one more inode may be one of theirs.
struct NameShare {
  let dentries: Int
  let inodes: Int

  init(_ n: Int, _ lists: NameLists) {
    let total = lists.count + 1
    dentries = n * lists.dentries.count / total + 1
    inodes = n * lists.inodes.count / total + 1
  }
}

extension Memory {
  static let superblockShrinker = "super_cache_scan"
  static let superblockBatch = 1024

  /// What the shrinker of a file system says it could free.
  func freeableNames(_ memcg: UInt16, _ superblock: Superblock) -> Int {
    let objects = names.lists(memcg, superblock).pointee.count
    return objects / 100 * vfsCachePressure + objects % 100 * vfsCachePressure / 100
  }

  /// super_cache_scan of one file system for one cgroup; a request that must not enter a file
  /// system is told to stop.
  /// - Returns: how many of each were freed.
  func shrinkNames(
    _ memcg: UInt16, _ superblock: Superblock, priority: Int, gfp: GfpFlags
  ) -> (dentries: Int, inodes: Int) {
    let freeable = freeableNames(memcg, superblock)
    if freeable == 0 { return (0, 0) }
    let payer = profile.deferredShrink == .whole ? MemcgTree.rootNumber : memcg
    let deferrer = names.lists(payer, superblock)
    let before = deferrer.pointee.deferred
    var scan = SlabScan(
      freeable: freeable, deferred: before, priority: priority,
      seeks: superblock == .files ? 2 : 0, behaviour: profile.deferredShrink)
    tracer.shrinkSlabStart(
      Self.superblockShrinker, node: node.number, scan, deferred: before, freeable: freeable,
      priority: priority, gfp: gfp)
    var scanned = 0
    var freed = (dentries: 0, inodes: 0)
    while gfp.contains(.fs), let n = scan.step(freeable, batch: Self.superblockBatch) {
      let share = NameShare(n, names.lists(memcg, superblock).pointee)
      freed.dentries += pruneDentries(memcg, superblock, share.dentries)
      freed.inodes += pruneInodes(memcg, superblock, share.inodes)
      scanned += n
      scan.total -= n
    }
    node.counters.add(scanned, to: .slabs_scanned)
    deferrer.pointee.deferred = scan.deferred(
      before: before, scanned: scanned, freeable: freeable, behaviour: profile.deferredShrink)
    tracer.shrinkSlabEnd(
      Self.superblockShrinker, node: node.number, unused: before, new: deferrer.pointee.deferred,
      total: scan.total, freed: freed.dentries + freed.inodes)
    return freed
  }

  private func pruneDentries(_ memcg: UInt16, _ superblock: Superblock, _ n: Int) -> Int {
    let lists = names.lists(memcg, superblock)
    var freed = 0
    for _ in 0..<min(n, lists.pointee.dentries.count) {
      let name = lists.pointee.dentries.first
      let row = names.rows + Int(name)
      if row.pointee.users > 0 {
        names.unlist(name, superblock)
      } else if row.pointee.state.contains(.used) {
        names.unlist(name, superblock)
        names.list(name, superblock)
      } else {
        forgetDentry(name, superblock)
        freed += 1
      }
    }
    return freed
  }

  /// A dentry goes, and its inode waits for its turn, unless pages keep it.
  private func forgetDentry(_ name: UInt32, _ superblock: Superblock) {
    let row = names.rows + Int(name)
    letGo(.dentry, profile.objects.dentry, of: row.pointee.memcg, superblock)
    names.dropDentry(name, superblock)
    if superblock == .cgroup { controlFiles.forget(name, tree) }
    guard row.pointee.state.contains(.inode) else { return }
    if profile.inodePruning == .keptWhileCached, cachedFile(of: name) != nil { return }
    names.list(name, superblock)
  }

  private func pruneInodes(_ memcg: UInt16, _ superblock: Superblock, _ n: Int) -> Int {
    let lists = names.lists(memcg, superblock)
    var freed = 0
    for _ in 0..<min(n, lists.pointee.inodes.count) {
      let name = lists.pointee.inodes.first
      if let file = cachedFile(of: name) {
        // It stays until its pages are gone.
        let stolen = invalidateUnused(file)
        let isKswapd = kswapd.thread.isRunning
        node.counters.add(stolen, to: isKswapd ? .kswapd_inodesteal : .pginodesteal)
        noteReclaimed(stolen)
        names.unlist(name, superblock)
        names.list(name, superblock)
        continue
      }
      let payer = names.rows[Int(name)].inodeMemcg
      let size = superblock == .files ? profile.objects.inode : profile.objects.plainInode
      letGo(.inode, size, of: payer, superblock)
      names.dropInode(name, superblock)
      freed += 1
    }
    return freed
  }

  /// The file of a name, where anything of it is cached.
  private func cachedFile(of name: UInt32) -> FileMapping? {
    let number = names.rows[Int(name)].file
    if number == 0 { return nil }
    let file = cache.file(number: number)
    return file.entries > 0 ? file : nil
  }

  /// Gives an object back when nobody can look at it any more. The slabs of control files are not
  /// told apart from what boot left.
  private func letGo(_ kind: SlabKind, _ size: Int, of payer: UInt16, _ superblock: Superblock) {
    gracePeriods.free(
      KernelObject(
        kind: superblock == .files ? kind : nil, size: size, owner: payer, isReclaimable: true))
    if kind == .inode, superblock == .files, profile.objects.inodeSecurity > 0 {
      gracePeriods.free(
        KernelObject(
          kind: .inodeSecurity, size: 0, owner: MemcgTree.rootNumber, isReclaimable: false))
    }
  }

  /// The last page of a file has left the cache: its inode may go now, where nothing else holds it.
  func cacheEmptied(_ file: FileMapping) {
    let row = names.rows + Int(file.inodeName)
    if file.inodeName != 0, row.pointee.state == .inode { names.list(file.inodeName, .files) }
  }
}
