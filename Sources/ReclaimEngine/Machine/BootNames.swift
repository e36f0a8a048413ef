// SPDX-License-Identifier: Apache-2.0
// A machine whose files and directories were made since it booted, and whose caches were dropped
// twice after that: which names it still remembers, and what the file system's shrinker left to be
// done later.
//
// Each name that was made is a dentry that nobody uses. Dropping slab scans in batches, at the
// highest pressure, and what is less than a batch stays deferred: 10 000 files, the directory and
// one file besides are 20 004 objects due, of which 548 are left (recordings of directories, at two
// values of vm.vfs_cache_pressure). Where the pressure is low, names stay.

extension Memory {
  /// The set-up of a recorded machine, as far as names remember it: what they are made of is among
  /// what boot left.
  func makeNamesAndDropThem() {
    for file in cache.files {
      rememberOfBoot(nameNumber(of: file))
    }
    for directory in directoryCache.directories {
      rememberOfBoot(directory.own)
      for k in 0..<directory.files { rememberOfBoot(directory.first + UInt32(k)) }
    }
    for _ in 0..<2 { dropNamesOfBoot() }
  }

  private func rememberOfBoot(_ name: UInt32) {
    names.remember(name, memcg: MemcgTree.rootNumber)
    names.letGo(name)
  }

  /// drop_caches of slab, for names that cost nothing and of which none was used again.
  private func dropNamesOfBoot() {
    let root = MemcgTree.rootNumber
    let lists = names.lists(root, .files)
    var pass = 0
    repeat {
      let freeable = freeableNames(root, .files)
      if freeable == 0 { return }
      let before = lists.pointee.deferred
      var scan = SlabScan(
        freeable: freeable, deferred: before, priority: 0, seeks: 2,
        behaviour: profile.deferredShrink)
      var scanned = 0, freed = 0
      while let n = scan.step(freeable, batch: Self.superblockBatch) {
        freed += dropOfBoot(lists, n)
        scanned += n
        scan.total -= n
      }
      lists.pointee.deferred = scan.deferred(
        before: before, scanned: scanned, freeable: freeable, behaviour: profile.deferredShrink)
      if !profile.slabDrop.goesOn(after: freed, pass: pass) { return }
      pass += 1
    } while true
  }

  private func dropOfBoot(_ lists: UnsafeMutablePointer<NameLists>, _ n: Int) -> Int {
    let share = NameShare(n, lists.pointee)
    let dentries = min(share.dentries, lists.pointee.dentries.count)
    for _ in 0..<dentries {
      let name = lists.pointee.dentries.first
      names.dropDentry(name, .files)
      names.list(name, .files)
    }
    let inodes = min(share.inodes, lists.pointee.inodes.count)
    for _ in 0..<inodes { names.dropInode(lists.pointee.inodes.first, .files) }
    return dentries + inodes
  }

  /// The number of a file's name.
  func nameNumber(of file: FileMapping) -> UInt32 {
    if file.inodeName == 0 {
      file.inodeName = names.reserve(1)
      names.rows[Int(file.inodeName)].file = file.number
    }
    return file.inodeName
  }
}
