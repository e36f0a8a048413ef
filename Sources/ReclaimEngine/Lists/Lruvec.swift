// SPDX-License-Identifier: Apache-2.0
// The lists of one cgroup on one node, and what reclaim remembers about them.
//
// Sizes of the lists are exact at any moment. `published` is another thing: the hierarchical
// picture of the last flush of the memcg statistics, on which reclaim decides (reference 16 §16.9).

/// The four evictable lists and the unevictable one, in the order in which they are visited.
enum ListIndex {
  static let inactiveAnon = 0, activeAnon = 1, inactiveFile = 2, activeFile = 3, unevictable = 4
  static let count = 5

  @inline(__always) static func isFile(_ list: Int) -> Bool { list >= 2 }
  @inline(__always) static func isActive(_ list: Int) -> Bool { list & 1 != 0 }
}

/// Five sizes, one for each list, in the order of ListIndex.
package struct ListSizes: Equatable {
  package var inactiveAnon = 0, activeAnon = 0, inactiveFile = 0, activeFile = 0, unevictable = 0

  static func += (a: inout ListSizes, b: ListSizes) {
    a.inactiveAnon += b.inactiveAnon
    a.activeAnon += b.activeAnon
    a.inactiveFile += b.inactiveFile
    a.activeFile += b.activeFile
    a.unevictable += b.unevictable
  }

  static func - (a: ListSizes, b: ListSizes) -> ListSizes {
    ListSizes(
      inactiveAnon: a.inactiveAnon - b.inactiveAnon, activeAnon: a.activeAnon - b.activeAnon,
      inactiveFile: a.inactiveFile - b.inactiveFile, activeFile: a.activeFile - b.activeFile,
      unevictable: a.unevictable - b.unevictable)
  }

  /// Pages that could be scanned.
  var evictable: Int { inactiveAnon + activeAnon + inactiveFile + activeFile }
}

/// A number for anonymous and one for file pages.
package struct PerKind: Equatable {
  package var anon = 0
  package var file = 0

  package init(anon: Int = 0, file: Int = 0) {
    self.anon = anon
    self.file = file
  }

  static func += (a: inout PerKind, b: PerKind) {
    a.anon += b.anon
    a.file += b.file
  }

  static func - (a: PerKind, b: PerKind) -> PerKind {
    PerKind(anon: a.anon - b.anon, file: a.file - b.file)
  }
}

/// One lruvec; lives in a row named by its cgroup's number.
package struct Lruvec {
  var lists: (FolioList, FolioList, FolioList, FolioList, FolioList)
  /// The workingset clock: nonresident_age (reference 09 §9.1).
  package var clock: UInt64
  /// What it cost lately to lose folios of each kind (reference 05 §5.5.3).
  package var cost: PerKind
  /// Activations by refault that the last reclaim cycle had seen (reference 04 §4.7).
  var refaultsSeen: PerKind
  package var publishedSizes: ListSizes
  package var publishedActivations: PerKind
  /// LRUVEC_CONGESTED: reclaim has met nothing but dirty folios whose device is behind.
  var isCongested: Bool

  var sizes: ListSizes {
    ListSizes(
      inactiveAnon: lists.0.count, activeAnon: lists.1.count, inactiveFile: lists.2.count,
      activeFile: lists.3.count, unevictable: lists.4.count)
  }
}

extension UnsafeMutablePointer<Lruvec> {
  /// The list of that index (ListIndex).
  @inline(__always) func list(_ index: Int) -> UnsafeMutablePointer<FolioList> {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: FolioList.self) + index
  }
}
