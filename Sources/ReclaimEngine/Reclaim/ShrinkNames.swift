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

/// One call of a file system's shrinker for one cgroup.
private struct NameScan {
  let freeable: Int
  /// Who keeps what calls leave to be done later.
  let deferrer: UnsafeMutablePointer<NameLists>
  var scan: SlabScan

  /// How much the next step of it scans; nil when too little is due for one.
  var step: Int? { scan.step(freeable, batch: Memory.superblockBatch) }
}

extension Memory {
  static let superblockShrinker = "super_cache_scan"
  static let superblockBatch = 1024

  /// What the shrinker of a file system says it could free.
  @inline(__always) func freeableNames(_ memcg: UInt16, _ superblock: Superblock) -> Int {
    let objects = names.lists(memcg, superblock).pointee.count
    return objects / 100 * vfsCachePressure + objects % 100 * vfsCachePressure / 100
  }

  /// What a call of a file system's shrinker for one cgroup would scan; nil where there is nothing.
  @inline(__always) private func nameScan(
    _ memcg: UInt16, _ superblock: Superblock, priority: Int
  ) -> NameScan? {
    let freeable = freeableNames(memcg, superblock)
    if freeable == 0 { return nil }
    let payer = profile.deferredShrink == .whole ? MemcgTree.rootNumber : memcg
    let deferrer = names.lists(payer, superblock)
    let scan = SlabScan(
      freeable: freeable, deferred: deferrer.pointee.deferred, priority: priority,
      seeks: superblock == .files ? 2 : 0, behaviour: profile.deferredShrink)
    return NameScan(freeable: freeable, deferrer: deferrer, scan: scan)
  }

  /// Asks the shrinkers of a cgroup's names where none of them has enough to scan: all that shows
  /// of it are two events each, and what is deferred.
  /// - Returns: whether that was so; if not, nothing has happened.
  func asksInVain(_ memcg: UInt16, _ control: ScanControl) -> Bool {
    let priority = control.priority, gfp = control.gfp
    let first = nameScan(memcg, .cgroup, priority: priority)
    let second = nameScan(memcg, .files, priority: priority)
    if first?.step != nil || second?.step != nil, gfp.contains(.fs) { return false }
    if let first { endInVain(first, priority: priority, gfp) }
    // Where all cgroups defer to one count, each file system has its own.
    if let second { endInVain(second, priority: priority, gfp) }
    return true
  }

  @inline(__always) private func endInVain(_ names: NameScan, priority: Int, _ gfp: GfpFlags) {
    begin(names, priority: priority, gfp)
    end(names, scanned: 0, freed: 0)
  }

  private func begin(_ names: NameScan, priority: Int, _ gfp: GfpFlags) {
    tracer.shrinkSlabStart(
      Self.superblockShrinker, node: node.number, names.scan,
      deferred: names.deferrer.pointee.deferred, freeable: names.freeable, priority: priority,
      gfp: gfp)
  }

  private func end(_ names: NameScan, scanned: Int, freed: Int) {
    let before = names.deferrer.pointee.deferred
    let left = names.scan.deferred(
      before: before, scanned: scanned, freeable: names.freeable,
      behaviour: profile.deferredShrink)
    names.deferrer.pointee.deferred = left
    tracer.shrinkSlabEnd(
      Self.superblockShrinker, node: node.number, unused: before, new: left,
      total: names.scan.total, freed: freed)
  }

  /// super_cache_scan of one file system for one cgroup; a request that must not enter a file
  /// system is told to stop.
  /// - Returns: how many of each were freed.
  func shrinkNames(
    _ memcg: UInt16, _ superblock: Superblock, priority: Int, gfp: GfpFlags
  ) -> (dentries: Int, inodes: Int) {
    guard var names = nameScan(memcg, superblock, priority: priority) else { return (0, 0) }
    begin(names, priority: priority, gfp)
    var scanned = 0
    var freed = (dentries: 0, inodes: 0)
    while gfp.contains(.fs), let n = names.step {
      let share = NameShare(n, self.names.lists(memcg, superblock).pointee)
      freed.dentries += pruneDentries(memcg, superblock, share.dentries)
      freed.inodes += pruneInodes(memcg, superblock, share.inodes)
      scanned += n
      names.scan.total -= n
    }
    node.counters.add(scanned, to: .slabs_scanned)
    end(names, scanned: scanned, freed: freed.dentries + freed.inodes)
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
  func letGo(_ kind: SlabKind, _ size: Int, of payer: UInt16, _ superblock: Superblock) {
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
