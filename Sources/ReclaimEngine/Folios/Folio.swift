// SPDX-License-Identifier: Apache-2.0
// A page frame and its row: 16 bytes for each frame of the machine, the kernel's struct page.
//
//   position   place in an LRU list (chunk << 8 | index); next frame of a buddy or per-CPU list
//   while free
//   slot       the page-cache or page-table slot that holds the folio
//   link       previous frame of a buddy list while free
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
  /// Reading this page starts the next readahead window.
  static let readahead = FolioFlags(rawValue: 1 << 5)
  static let swapBacked = FolioFlags(rawValue: 1 << 6)
  static let unevictable = FolioFlags(rawValue: 1 << 7)
  /// Waiting in the CPU's LRU-add batch, on no list yet.
  static let inAddBatch = FolioFlags(rawValue: 1 << 8)
  /// Somebody holds a reference that reclaim cannot freeze.
  static let held = FolioFlags(rawValue: 1 << 9)
  /// The head of a free block in the buddy lists.
  static let buddy = FolioFlags(rawValue: 1 << 10)
  /// Free, on a per-CPU list.
  static let perCPU = FolioFlags(rawValue: 1 << 11)
  /// In use by the kernel itself: slab pages and what was there at boot.
  static let kernel = FolioFlags(rawValue: 1 << 12)
  /// Queued in the activation batch, on its list meanwhile.
  static let inActivateBatch = FolioFlags(rawValue: 1 << 13)
  /// Queued in the deactivate_file batch, on its list meanwhile.
  static let inDeactivateBatch = FolioFlags(rawValue: 1 << 14)

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
