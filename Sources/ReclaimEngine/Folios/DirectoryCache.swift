// SPDX-License-Identifier: Apache-2.0
// Directories of many files: which names and inodes the kernel remembers, and the blocks of the
// file system they were read from (reference 10 §10.4, 26 §26.8).
//
// A name that was looked up is a dentry, which holds its inode. Both lists are in order of use:
// dentries that are used again are only marked, and survive one scan; an inode joins its list when
// its last dentry goes. Blocks are pages of the device in the root cgroup, used often enough to be
// active at once.

import Timeline
import UAPI

struct DirectoryCache {
  private struct State: OptionSet {
    let rawValue: UInt8
    static let dentry = State(rawValue: 1)
    static let used = State(rawValue: 2)
    static let inode = State(rawValue: 4)
  }

  struct Directory {
    let name: String
    let files: Int
    /// Its files' numbers begin here.
    let first: Int
    /// Its blocks: an index, then leaves by hash, then the inode table.
    let firstBlock: Int
    let leaves: Int
  }

  /// Inodes in a block of their table.
  private static let inodesPerBlock = 16

  private(set) var directories: [Directory] = []
  private var states: [State] = []
  private var dentryList = FrameDeque()
  private var inodeList = FrameDeque()
  private var listedInodes = 0
  /// Frames of blocks; 0 for one that is not cached.
  var blocks: [UInt32] = []
  var deferred = 0

  /// vm.vfs_cache_pressure.
  let pressure: Int

  init(_ machine: MachineSpec) {
    pressure = machine.sysctl("vm.vfs_cache_pressure") ?? 100
    for spec in machine.directories {
      let leaves = Self.leaves(spec.files)
      directories.append(
        Directory(
          name: spec.name, files: spec.files, first: states.count, firstBlock: blocks.count,
          leaves: leaves))
      states += [State](repeating: [], count: spec.files)
      let table = (spec.files + Self.inodesPerBlock - 1) / Self.inodesPerBlock
      blocks += [UInt32](repeating: 0, count: 1 + leaves + table)
    }
  }

  /// Blocks of directory entries of names f0, f1, …: eight bytes and the name, in words, in leaves
  /// that splitting leaves full to ln 2 of their size.
  private static func leaves(_ files: Int) -> Int {
    var bytes = 0, digits = 1, from = 0
    while from < files {
      var to = 1
      for _ in 0..<digits { to *= 10 }
      bytes += (min(to, files) - from) * ((8 + 1 + digits + 3) & ~3)
      from = to
      digits += 1
    }
    return max(1, bytes * 1000 / (4096 * 693))
  }

  func directory(named name: String) -> Directory? { directories.first { $0.name == name } }

  var dentries: Int { dentryList.count }
  var inodes: Int { listedInodes }

  /// Looks a name up among what is remembered; a hit is marked.
  mutating func find(_ file: Int) -> Bool {
    guard states[file].contains(.dentry) else { return false }
    states[file].insert(.used)
    return true
  }

  func hasInode(_ file: Int) -> Bool { states[file].contains(.inode) }

  /// Blocks that a look-up of a file reads: the index, its leaf, and its inode unless that is
  /// there.
  func blocks(of file: Int, _ directory: Directory) -> [Int] {
    let index = file - directory.first
    var random = SplitMix64(seed: UInt64(index))
    let leaf = Int(random.next() % UInt64(directory.leaves))
    let path = [directory.firstBlock, directory.firstBlock + 1 + leaf]
    if hasInode(file) { return path }
    return path + [directory.firstBlock + 1 + directory.leaves + index / Self.inodesPerBlock]
  }

  /// A name and its inode are remembered from now on.
  mutating func remember(_ file: Int) {
    if states[file].contains(.inode) { listedInodes -= 1 }
    states[file] = [.dentry, .inode]
    dentryList.pushHead(UInt32(file + 1))
  }

  /// Scans the oldest dentries; answers how many were freed. Their inodes stay, on their list.
  mutating func pruneDentries(_ n: Int) -> Int {
    var freed = 0
    for _ in 0..<min(n, dentryList.count) {
      let file = Int(dentryList.popTail()) - 1
      if states[file].contains(.used) {
        states[file].remove(.used)
        dentryList.pushHead(UInt32(file + 1))
        continue
      }
      states[file].remove(.dentry)
      inodeList.pushHead(UInt32(file + 1))
      listedInodes += 1
      freed += 1
    }
    return freed
  }

  /// Scans the oldest inodes that no dentry holds; answers how many were freed.
  mutating func pruneInodes(_ n: Int) -> Int {
    var freed = 0
    while freed < n, inodeList.count > 0 {
      let file = Int(inodeList.popTail()) - 1
      // One that a dentry holds again has left the list.
      guard states[file] == .inode else { continue }
      states[file] = []
      listedInodes -= 1
      freed += 1
    }
    return freed
  }

  func release() {
    dentryList.release()
    inodeList.release()
  }
}
