// SPDX-License-Identifier: Apache-2.0
// Names that the kernel remembers, and what they lead to: dentries and inodes, and on which list of
// which cgroup they wait to be forgotten (reference 10 §§10.3, 10.4).
//
// A name that was looked up is a dentry, which holds its inode; one that does not exist is a dentry
// alone. A dentry joins the list of the cgroup that was charged for it when nobody uses it, and
// stays there while somebody does again; used once more it is marked, and survives one scan. An
// inode joins the list of its own payer when its dentry goes. So a name is on one list at most.

import UAPI

/// What is known of one name.
struct NameRow {
  struct State: OptionSet {
    let rawValue: UInt8
    static let dentry = State(rawValue: 1)
    static let inode = State(rawValue: 2)
    /// It is on a list: of dentries while it is one, else of inodes.
    static let listed = State(rawValue: 4)
    /// Looked up again since it joined its list.
    static let used = State(rawValue: 8)
    /// It does not exist.
    static let negative = State(rawValue: 16)
  }

  var next: UInt32
  var previous: UInt32
  /// Who was charged for the dentry, and who for the inode.
  var memcg: UInt16
  var inodeMemcg: UInt16
  /// Open files.
  var users: UInt16
  /// The file whose pages its inode holds; 0: none.
  var file: UInt16
  var state: State
}

/// File systems whose names are told apart: each has a shrinker of its own.
enum Superblock: Int, CaseIterable {
  /// The control files of cgroups.
  case cgroup
  /// Files and directories.
  case files

  static let count = allCases.count
}

/// What of one file system one cgroup pays for.
struct NameLists {
  var dentries = ShadowList()
  var inodes = ShadowList()
  /// What its shrinker left to be done later.
  var deferred = 0

  var count: Int { dentries.count + inodes.count }
}

final class NameTable {
  private let arena: Arena<NameRow>
  private let listArena: Arena<NameLists>
  let rows: UnsafeMutablePointer<NameRow>
  private let listRows: UnsafeMutablePointer<NameLists>
  private let tree: MemcgTree
  private var last = 0
  /// Dentries and inodes that came since boot and are still there; of the dentries, those that say
  /// that there is no such file.
  private(set) var dentries = 0
  private(set) var negative = 0
  private(set) var inodes = 0

  private let limit: Int
  /// Names that do not exist, and what else has none when the machine boots.
  private static let unnamed = 1 << 22

  /// - Parameter files: how many names there are.
  init(_ tree: MemcgTree, files: Int) throws(BootError) {
    self.tree = tree
    limit = files + Self.unnamed
    arena = try Arena(limit, for: "names")
    listArena = try Arena(MemcgTree.limit * Superblock.count, for: "lists of names")
    rows = arena.rows
    listRows = listArena.rows
  }

  /// Numbers for `n` names in a row: the first of them, 0 when there are no more.
  func reserve(_ n: Int) -> UInt32 {
    guard last + n < limit else { return 0 }
    defer { last += n }
    return UInt32(last + 1)
  }

  func lists(_ memcg: UInt16, _ superblock: Superblock) -> UnsafeMutablePointer<NameLists> {
    listRows + Int(memcg) * Superblock.count + superblock.rawValue
  }

  /// Whether a shrinker would find anything that the cgroup pays for.
  func hasAny(_ memcg: UInt16) -> Bool {
    lists(memcg, .cgroup).pointee.count + lists(memcg, .files).pointee.count > 0
  }

  // MARK: looking up

  func has(_ name: UInt32) -> Bool { rows[Int(name)].state.contains(.dentry) }
  func hasInode(_ name: UInt32) -> Bool { rows[Int(name)].state.contains(.inode) }

  /// Looks a name up among what is remembered; a hit is marked.
  func find(_ name: UInt32) -> Bool {
    let row = rows + Int(name)
    guard row.pointee.state.contains(.dentry) else { return false }
    if row.pointee.state.contains(.listed) { row.pointee.state.insert(.used) }
    return true
  }

  /// A name is a dentry from now on, which `memcg` was charged for; so it was for the inode, where
  /// there was none.
  func remember(
    _ name: UInt32, exists: Bool = true, memcg: UInt16, _ superblock: Superblock = .files
  ) {
    let row = rows + Int(name)
    if row.pointee.state.contains(.listed) { unlist(name, superblock) }
    if exists, !row.pointee.state.contains(.inode) {
      row.pointee.inodeMemcg = memcg
      row.pointee.state.insert(.inode)
      inodes += 1
    }
    if !exists {
      row.pointee.state.insert(.negative)
      negative += 1
    }
    row.pointee.memcg = memcg
    row.pointee.state.insert(.dentry)
    dentries += 1
  }

  /// Somebody opens it.
  func use(_ name: UInt32) { rows[Int(name)].users += 1 }

  /// Nobody who had it open does any more, or nobody ever did: it waits to be forgotten.
  func letGo(_ name: UInt32, _ superblock: Superblock = .files) {
    let row = rows + Int(name)
    guard row.pointee.users == 0 else { return }
    if row.pointee.state.contains(.listed) {
      row.pointee.state.insert(.used)
    } else {
      list(name, superblock)
    }
  }

  func close(_ name: UInt32) {
    rows[Int(name)].users -= 1
    letGo(name)
  }

  // MARK: forgetting

  /// The dentry goes; its inode stays, on no list.
  func dropDentry(_ name: UInt32, _ superblock: Superblock) {
    let row = rows + Int(name)
    if row.pointee.state.contains(.listed) { unlist(name, superblock) }
    if row.pointee.state.contains(.negative) { negative -= 1 }
    row.pointee.state.subtract([.dentry, .negative, .used])
    dentries -= 1
  }

  func dropInode(_ name: UInt32, _ superblock: Superblock) {
    let row = rows + Int(name)
    if row.pointee.state.contains(.listed) { unlist(name, superblock) }
    row.pointee.state.remove(.inode)
    inodes -= 1
  }

  /// The file of a dentry is gone, its inode given back: there is no such file from now on.
  func loseFile(_ name: UInt32) {
    let row = rows + Int(name)
    row.pointee.state.remove(.inode)
    row.pointee.state.insert(.negative)
    inodes -= 1
    negative += 1
  }

  // MARK: lists

  /// At the young end of its list.
  func list(_ name: UInt32, _ superblock: Superblock) {
    let row = rows + Int(name), list = list(of: row.pointee, superblock)
    if list.pointee.count == 0 { tree.books.mark(payer(of: row.pointee)) }
    row.pointee.next = 0
    row.pointee.previous = list.pointee.last
    if list.pointee.last == 0 {
      list.pointee.first = name
    } else {
      rows[Int(list.pointee.last)].next = name
    }
    list.pointee.last = name
    list.pointee.count += 1
    row.pointee.state.insert(.listed)
  }

  func unlist(_ name: UInt32, _ superblock: Superblock) {
    let row = rows + Int(name), list = list(of: row.pointee, superblock)
    let next = row.pointee.next, previous = row.pointee.previous
    if previous == 0 { list.pointee.first = next } else { rows[Int(previous)].next = next }
    if next == 0 { list.pointee.last = previous } else { rows[Int(next)].previous = previous }
    list.pointee.count -= 1
    row.pointee.state.subtract([.listed, .used])
  }

  private func list(
    of row: NameRow, _ superblock: Superblock
  ) -> UnsafeMutablePointer<ShadowList> {
    let start = UnsafeMutableRawPointer(lists(payer(of: row), superblock))
    let offset =
      row.state.contains(.dentry)
      ? MemoryLayout<NameLists>.offset(of: \.dentries)!
      : MemoryLayout<NameLists>.offset(of: \.inodes)!
    return start.advanced(by: offset).assumingMemoryBound(to: ShadowList.self)
  }

  private func payer(of row: NameRow) -> UInt16 {
    tree.kernelPayer(row.state.contains(.dentry) ? row.memcg : row.inodeMemcg)
  }

  /// A cgroup has gone offline: what it paid for is its heir's, and what its shrinkers left to do.
  func handOver(from memcg: UInt16, to heir: UInt16) {
    for superblock in Superblock.allCases {
      let old = lists(memcg, superblock), new = lists(heir, superblock)
      splice(&old.pointee.dentries, into: &new.pointee.dentries)
      splice(&old.pointee.inodes, into: &new.pointee.inodes)
      new.pointee.deferred += old.pointee.deferred
      old.pointee.deferred = 0
    }
    tree.books.mark(heir)
  }

  private func splice(_ old: inout ShadowList, into new: inout ShadowList) {
    guard old.count > 0 else { return }
    if new.last == 0 {
      new.first = old.first
    } else {
      rows[Int(new.last)].next = old.first
      rows[Int(old.first)].previous = new.last
    }
    new.last = old.last
    new.count += old.count
    old = ShadowList()
  }
}
