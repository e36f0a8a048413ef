// SPDX-License-Identifier: Apache-2.0
// A page frame and its row: 16 bytes for each frame of the machine, the kernel's struct page.
//
//   position   place in an LRU list (chunk << 8 | index); next frame of a buddy list while free
//   slot       the page-cache or page-table slot that holds the folio
//   link       how many page-table entries map it; previous frame of a free list while free
//   flags      what the folio is and where it is
//   memcg      the cgroup that pays; the order of the block while free
//
// A frame is on one list at most, so one word serves all kinds. Frame 0 is never handed out: 0
// means none, in links and slots.

/// The number of a page frame. 0 is none.
package struct PFN: Hashable, Comparable, Sendable {
  package var raw: UInt32
  package init(_ raw: UInt32) { self.raw = raw }

  package static let none = PFN(0)
  package static func < (a: PFN, b: PFN) -> Bool { a.raw < b.raw }
  @inline(__always) var index: Int { Int(raw) }
}

struct FolioFlags: OptionSet {
  let rawValue: UInt16

  /// On an LRU list.
  static let lru = FolioFlags(rawValue: 1 << 0)
  static let active = FolioFlags(rawValue: 1 << 1)
  static let referenced = FolioFlags(rawValue: 1 << 2)
  /// Was active once and has been deactivated.
  static let workingset = FolioFlags(rawValue: 1 << 3)
  /// Being read: the window it belongs to has not been submitted yet.
  static let locked = FolioFlags(rawValue: 1 << 4)
  /// Reading this page starts the next readahead window. The same bit asks, while the page is under
  /// writeback, to be moved to the tail at its end.
  static let readahead = FolioFlags(rawValue: 1 << 5)
  static let reclaim = FolioFlags(rawValue: 1 << 5)
  /// Belongs on the anonymous lists: anonymous memory that was not given up, and shmem.
  static let swapBacked = FolioFlags(rawValue: 1 << 6)
  static let unevictable = FolioFlags(rawValue: 1 << 7)
  /// Waiting in the CPU's LRU-add batch, on no list yet.
  static let inAddBatch = FolioFlags(rawValue: 1 << 8)
  /// The same bit, alone, of a folio that reclaim has isolated: nobody else uses it any more
  /// (Orphans.swift).
  static let orphaned = FolioFlags(rawValue: 1 << 8)
  /// Somebody holds a reference that reclaim cannot freeze.
  static let held = FolioFlags(rawValue: 1 << 9)
  /// Queued in another batch of the CPU, on its list meanwhile.
  static let queued = FolioFlags(rawValue: 1 << 10)
  /// Anonymous: its slot is the page-table entry that maps it, or none.
  static let anon = FolioFlags(rawValue: 1 << 11)
  static let dirty = FolioFlags(rawValue: 1 << 12)
  static let writeback = FolioFlags(rawValue: 1 << 13)
  /// Between memory and swap: a swap slot names it.
  static let swapCache = FolioFlags(rawValue: 1 << 14)
  /// No folio at all; the low bits then say what the frame is.
  private static let unused: UInt16 = 1 << 15

  /// The head of a free block in the buddy lists.
  static let buddy = FolioFlags(rawValue: unused | 1)
  /// Free, on a per-CPU list.
  static let perCPU = FolioFlags(rawValue: unused | 2)
  /// In use by the kernel itself: slab pages, page tables, pages of a memory-backed device.
  static let kernel = FolioFlags(rawValue: unused | 4)

  /// One test of bits. `isDisjoint` with a literal would first make an array of its flags, and this
  /// is asked for each folio.
  @inline(__always) func hasAny(_ a: FolioFlags, _ b: FolioFlags) -> Bool {
    rawValue & (a.rawValue | b.rawValue) != 0
  }

  /// Which of the five lists a folio with these flags belongs on (ListIndex).
  @inline(__always) var home: Int {
    contains(.unevictable) ? ListIndex.unevictable : listIndex
  }

  /// Which of the four evictable lists a folio with these flags belongs on.
  @inline(__always) var listIndex: Int {
    (rawValue & FolioFlags.swapBacked.rawValue == 0 ? 2 : 0)
      &+ (rawValue & FolioFlags.active.rawValue == 0 ? 0 : 1)
  }
}

package struct FrameRow {
  var position: UInt32
  var slot: UInt32
  var link: UInt32
  var flags: FolioFlags
  package var memcg: UInt16
}
