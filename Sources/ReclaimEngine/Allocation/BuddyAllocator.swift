// SPDX-License-Identifier: Apache-2.0
// Free blocks of one zone by order and mobility: real blocks with real frame numbers (reference 23
// §23.9).
//
// A block is named by its first frame, whose row links it into the list of its order and mobility.
// Freed blocks merge with their buddy (frame XOR 2^order); a request splits the smallest block that
// serves it. Memory that was never used is not kept block by block: `fresh` is a range of whole
// order-10 movable blocks, the end of that list, so an idle terabyte has no rows.

import CMemory
import UAPI

package final class BuddyAllocator {
  package static let orders = 11
  static let pageblockOrder = 9

  let rows: UnsafeMutablePointer<FrameRow>
  /// First frame of the zone, and the first behind it.
  let start: UInt32, end: UInt32
  private let pageblocks: Pageblocks
  let lists: FreeBlockLists
  /// Whole order-10 blocks that were never used: frames [from, to).
  private(set) var fresh: (from: UInt32, to: UInt32)
  private(set) var freePages = 0
  /// The smallest block that may serve another mobility, while somebody avoids to mix them.
  var smallestFallback = 0
  /// Called whenever a block smaller than a pageblock serves another mobility.
  var fellBack: (() -> Void)?
  /// Called with each block that changes lists, once it has: for who records events.
  var fallbackRecorder: ((ExternalFragmentation) -> Void)?

  package init(rows: UnsafeMutablePointer<FrameRow>, start: UInt32, end: UInt32) {
    self.rows = rows
    self.start = start
    self.end = end
    pageblocks = Pageblocks(start: start, end: end)
    lists = FreeBlockLists(rows: rows, count: Self.orders * Mobility.allCases.count)
    fresh = (end, end)
  }

  deinit {
    pageblocks.release()
    lists.release()
  }

  // MARK: what is there

  package func mobility(of frame: UInt32) -> Mobility { pageblocks[frame] }

  package func setMobility(_ mobility: Mobility, ofBlockAt frame: UInt32) {
    pageblocks[frame] = mobility
  }

  /// Free blocks of that order and mobility, never-used ones included.
  package func freeBlocks(order: Int, _ mobility: Mobility) -> Int {
    lists.count(order, mobility)
      + (order == 10 && mobility == .movable ? Int(fresh.to - fresh.from) >> 10 : 0)
  }

  /// True when some block of at least that order is free.
  package func hasBlock(order: Int) -> Bool {
    for o in order..<Self.orders {
      for m in Mobility.allCases where freeBlocks(order: o, m) > 0 { return true }
    }
    return false
  }

  /// Calls `body` with each listed free block (never-used ones are a range: `fresh`).
  package func forEachListedBlock(
    _ body: (_ frame: UInt32, _ order: Int, _ mobility: Mobility) -> Void
  ) {
    for o in 0..<Self.orders {
      for m in Mobility.allCases { lists.forEach(o, m) { body($0, o, m) } }
    }
  }

  // MARK: boot

  /// Hands over a range of whole order-10 blocks that were never used.
  package func adoptFresh(from: UInt32, to: UInt32) {
    precondition(from & 1023 == 0 && to & 1023 == 0 && from >= start && to <= end)
    fresh = (from, to)
    freePages += Int(to - from)
  }

  /// Hands over one free block whose buddy is in use.
  package func adopt(_ frame: UInt32, order: Int, _ mobility: Mobility) {
    if order <= Self.pageblockOrder {
      setMobility(mobility, ofBlockAt: frame)
    } else {
      retype(frame, order, to: mobility)
    }
    lists.push(frame, order, mobility, atTail: true)
    freePages += 1 << order
  }

  // MARK: take and give back

  /// A block of 2^order frames; 0 when no block of any mobility serves.
  package func take(order: Int, _ mobility: Mobility) -> UInt32 {
    while true {
      if let frame = takeListed(order, mobility) {
        freePages &-= 1 &<< order
        return frame
      }
      guard steal(order, for: mobility) else { return 0 }
    }
  }

  private func takeListed(_ order: Int, _ mobility: Mobility) -> UInt32? {
    for o in order..<Self.orders {
      let frame = lists.head(o, mobility)
      if frame != 0 {
        lists.unlink(frame, o)
        return split(frame, from: o, to: order, mobility)
      }
    }
    guard mobility == .movable, fresh.from < fresh.to else { return nil }
    let frame = fresh.from
    fresh.from += 1024
    return split(frame, from: 10, to: order, mobility)
  }

  /// The upper halves go back to the lists of the same mobility; the lowest part is the caller's.
  private func split(_ frame: UInt32, from: Int, to order: Int, _ mobility: Mobility) -> UInt32 {
    var o = from
    while o > order {
      o -= 1
      lists.push(frame &+ 1 &<< UInt32(o), o, mobility, atTail: false)
    }
    return frame
  }

  /// Frees a block; it merges with its buddies as far as they are free.
  package func free(_ block: UInt32, order: Int) {
    freePages &+= 1 &<< order
    var frame = block
    var o = order
    let mobility = self.mobility(of: frame)
    while o < Self.orders - 1 {
      let buddy = frame ^ (1 &<< UInt32(o))
      guard isFree(buddy, o) else { break }
      lists.unlink(buddy, o)
      frame &= buddy
      o += 1
    }
    lists.push(frame, o, mobility, atTail: willMergeSoon(frame, o))
  }

  /// If the page's buddy is free, fetches what merging them touches: the buddy's neighbours in its
  /// list and the rows that tell whether the pair will merge further.
  @inline(__always) func prefetchMerge(of frame: UInt32) {
    let row = rows[Int(frame ^ 1)]
    guard row.flags.contains(.buddy) else { return }
    memory_prefetch(rows + Int(row.position))
    memory_prefetch(rows + Int(row.link))
    memory_prefetch(rows + Int((frame & ~3) ^ 4))
  }

  private func isFree(_ frame: UInt32, _ order: Int) -> Bool {
    guard frame >= start, frame < end else { return false }
    let row = rows[Int(frame)]
    return row.flags == .buddy && Int(row.memcg) == order
  }

  /// The block would merge with a free one of the next order if only its own buddy came back.
  private func willMergeSoon(_ frame: UInt32, _ order: Int) -> Bool {
    guard order < Self.orders - 2 else { return false }
    let pair = frame & ~(1 &<< UInt32(order))
    return isFree(pair ^ (1 &<< UInt32(order + 1)), order + 1)
  }

  // MARK: blocks that change lists

  func retype(_ frame: UInt32, _ order: Int, to mobility: Mobility) {
    for k in 0..<max(1, 1 << (order - Self.pageblockOrder)) {
      setMobility(mobility, ofBlockAt: frame + UInt32(k) << 9)
    }
  }

  func takeHead(_ order: Int, _ donor: Mobility) -> UInt32 {
    let frame = lists.head(order, donor)
    if frame == 0 {
      defer { fresh.from += 1024 }
      return fresh.from
    }
    lists.unlink(frame, order)
    return frame
  }

  func move(_ frame: UInt32, _ order: Int, to mobility: Mobility) {
    lists.push(frame, order, mobility, atTail: false)
  }
}
