// SPDX-License-Identifier: Apache-2.0
// Directories of many files: the numbers of their names, and the blocks of the file system that a
// look-up has to read.
//
// Names are f0, f1, …; x0, x1, … do not exist. A directory of one block is searched through; a
// larger one has an index and leaves by hash. Inodes lie in a table. All blocks are pages of one
// device, cached like those of a file.

import Timeline
import UAPI

struct DirectoryCache {
  struct Directory {
    let name: String
    let files: Int
    /// Its files' names are numbered from here on.
    let first: UInt32
    /// Its own name.
    let own: UInt32
    /// Its blocks: an index where it has one, leaves by hash, then the inode table.
    let firstBlock: Int
    let leaves: Int
    /// Numbers of names that do not exist; 0 for one that nobody asked for yet.
    var missing: [UInt32] = []

    var index: Int { leaves > 1 ? 1 : 0 }
  }

  /// Inodes in a block of their table.
  private static let inodesPerBlock = 16

  private(set) var directories: [Directory] = []
  /// Blocks of all directories.
  private(set) var blocks = 0
  private let names: NameTable

  init(_ specs: [DirectorySpec], _ names: NameTable) {
    self.names = names
    for spec in specs {
      let leaves = Self.leaves(spec.files)
      directories.append(
        Directory(
          name: spec.name, files: spec.files, first: names.reserve(spec.files),
          own: names.reserve(1), firstBlock: blocks, leaves: leaves))
      let table = (spec.files + Self.inodesPerBlock - 1) / Self.inodesPerBlock
      blocks += directories[directories.count - 1].index + leaves + table
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
    return bytes <= 4096 ? 1 : max(2, bytes * 1000 / (4096 * 693))
  }

  func position(of name: String) -> Int? { directories.firstIndex { $0.name == name } }

  /// The number of a name of a directory; 0 when there are no numbers left.
  mutating func name(_ index: Int, in position: Int, exists: Bool) -> UInt32 {
    if exists { return directories[position].first + UInt32(index) }
    let known = directories[position].missing.count
    if index >= known {
      let more = max(index + 1, 2 * known) - known
      directories[position].missing += [UInt32](repeating: 0, count: more)
    }
    if directories[position].missing[index] == 0 {
      directories[position].missing[index] = names.reserve(1)
    }
    return directories[position].missing[index]
  }

  /// Blocks that a look-up reads: the index, its leaf, and the inode where there is one to read.
  func path(of index: Int, in position: Int, exists: Bool, readsInode: Bool) -> [Int] {
    let directory = directories[position]
    let leaves = directory.firstBlock + directory.index
    var random = SplitMix64(seed: exists ? UInt64(index) : ~UInt64(index))
    var path = directory.index > 0 ? [directory.firstBlock] : []
    path.append(leaves + Int(random.next() % UInt64(directory.leaves)))
    if readsInode { path.append(leaves + directory.leaves + index / Self.inodesPerBlock) }
    return path
  }
}
