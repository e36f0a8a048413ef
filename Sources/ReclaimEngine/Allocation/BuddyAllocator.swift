// SPDX-License-Identifier: Apache-2.0
// Free blocks of one zone by order and mobility: real blocks with real frame numbers (reference 23
// §23.9).
//
// A block is named by its first frame, whose row links it into the list of its order and mobility.
// Freed blocks merge with their buddy (frame XOR 2^order); a request splits the smallest block that
// serves it. Memory that was never used is not kept block by block: `fresh` is a range of whole
// order-10 movable blocks, the end of that list, so an idle terabyte has no rows.

import CMemory

/// Who may lie in a pageblock: pages that can be moved, that can be reclaimed, or neither.
package enum Mobility: UInt8, CaseIterable {
  case movable, unmovable, reclaimable

  /// Where a request of this mobility looks when its own lists are empty, in order.
  var fallbacks: (Mobility, Mobility) {
    switch self {
    case .movable: (.reclaimable, .unmovable)
    case .unmovable: (.reclaimable, .movable)
    case .reclaimable: (.unmovable, .movable)
    }
  }
}

package final class BuddyAllocator {
  package static let orders = 11
  static let pageblockOrder = 9

  private let rows: UnsafeMutablePointer<FrameRow>
  /// First frame of the zone, and the first behind it.
  let start: UInt32, end: UInt32
  /// Mobility of each pageblock of 512 frames, from the one that holds `start`.
  private let pageblocks: UnsafeMutablePointer<UInt8>
  private let pageblockCount: Int
  private let firstPageblock: Int
  private let heads: UnsafeMutablePointer<UInt32>
  private let tails: UnsafeMutablePointer<UInt32>
  private let counts: UnsafeMutablePointer<Int>
  /// Whole order-10 blocks that were never used: frames [from, to).
  private(set) var fresh: (from: UInt32, to: UInt32)
  private(set) var freePages = 0
  /// Called whenever a block smaller than a pageblock serves another mobility.
  var fellBack: (() -> Void)?

  package init(rows: UnsafeMutablePointer<FrameRow>, start: UInt32, end: UInt32) {
    self.rows = rows
    self.start = start
    self.end = end
    firstPageblock = Int(start >> 9)
    pageblockCount = Int((end + 511) >> 9) - firstPageblock
    pageblocks = .allocate(capacity: pageblockCount)
    pageblocks.initialize(repeating: Mobility.movable.rawValue, count: pageblockCount)
    let lists = Self.orders * Mobility.allCases.count
    heads = .allocate(capacity: lists)
    tails = .allocate(capacity: lists)
    counts = .allocate(capacity: lists)
    heads.initialize(repeating: 0, count: lists)
    tails.initialize(repeating: 0, count: lists)
    counts.initialize(repeating: 0, count: lists)
    fresh = (end, end)
  }

  deinit {
    pageblocks.deallocate()
    heads.deallocate()
    tails.deallocate()
    counts.deallocate()
  }

  // MARK: what is there

  package func mobility(of frame: UInt32) -> Mobility {
    Mobility(rawValue: pageblocks[Int(frame >> 9) - firstPageblock])!
  }

  package func setMobility(_ mobility: Mobility, ofBlockAt frame: UInt32) {
    pageblocks[Int(frame >> 9) - firstPageblock] = mobility.rawValue
  }

  /// Free blocks of that order and mobility, never-used ones included.
  package func freeBlocks(order: Int, _ mobility: Mobility) -> Int {
    counts[list(order, mobility)]
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
      for m in Mobility.allCases {
        var frame = heads[list(o, m)]
        while frame != 0 {
          body(frame, o, m)
          frame = rows[Int(frame)].position
        }
      }
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
    push(frame, order, mobility, atTail: true)
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
      let frame = heads[list(o, mobility)]
      if frame != 0 {
        unlink(frame, o)
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
      push(frame &+ 1 &<< UInt32(o), o, mobility, atTail: false)
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
      unlink(buddy, o)
      frame &= buddy
      o += 1
    }
    push(frame, o, mobility, atTail: willMergeSoon(frame, o))
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

  // MARK: other mobilities

  /// Makes free pages of another mobility available to this one (5.4 to 6.1 rules of reference 23
  /// §23.9). False: nothing is free.
  private func steal(_ order: Int, for mobility: Mobility) -> Bool {
    let (first, second) = mobility.fallbacks
    var o = Self.orders - 1
    while o >= order {
      for donor in [first, second] where freeBlocks(order: o, donor) > 0 {
        if !isClaimable(o, mobility), mobility == .movable, o > order {
          return stealSmallest(order, for: mobility)
        }
        claim(o, from: donor, for: mobility)
        return true
      }
      o -= 1
    }
    return false
  }

  private func isClaimable(_ order: Int, _ mobility: Mobility) -> Bool {
    order >= Self.pageblockOrder || order >= Self.pageblockOrder / 2 || mobility != .movable
  }

  private func stealSmallest(_ order: Int, for mobility: Mobility) -> Bool {
    let (first, second) = mobility.fallbacks
    for o in order..<Self.orders {
      for donor in [first, second] where freeBlocks(order: o, donor) > 0 {
        if o < Self.pageblockOrder { fellBack?() }
        move(takeHead(o, donor), o, to: mobility)
        return true
      }
    }
    return false
  }

  private func claim(_ order: Int, from donor: Mobility, for mobility: Mobility) {
    let frame = takeHead(order, donor)
    if order >= Self.pageblockOrder {
      retype(frame, order, to: mobility)
      move(frame, order, to: mobility)
      return
    }
    fellBack?()
    move(frame, order, to: mobility)
    guard isClaimable(order, mobility) else { return }
    let firstFrame = max(frame & ~511, start), last = min(frame | 511, end - 1)
    var free = 0, compatible = 0
    var at = firstFrame
    while at <= last {
      let row = rows[Int(at)]
      if row.flags == .buddy, Int(row.memcg) <= Self.pageblockOrder {
        let o = Int(row.memcg)
        free += 1 << o
        if listOf(at) != mobility {
          unlink(at, o)
          move(at, o, to: mobility)
        }
        at += 1 << UInt32(o)
        continue
      }
      let looksMovable = !row.flags.isDisjoint(with: [.lru, .inAddBatch])
      if mobility == .movable ? looksMovable : (donor == .movable && !looksMovable) {
        compatible += 1
      }
      at += 1
    }
    if free + compatible >= 256 { setMobility(mobility, ofBlockAt: frame) }
  }

  private func retype(_ frame: UInt32, _ order: Int, to mobility: Mobility) {
    for k in 0..<max(1, 1 << (order - Self.pageblockOrder)) {
      setMobility(mobility, ofBlockAt: frame + UInt32(k) << 9)
    }
  }

  private func takeHead(_ order: Int, _ donor: Mobility) -> UInt32 {
    let frame = heads[list(order, donor)]
    if frame == 0 {
      defer { fresh.from += 1024 }
      return fresh.from
    }
    unlink(frame, order)
    return frame
  }

  private func move(_ frame: UInt32, _ order: Int, to mobility: Mobility) {
    push(frame, order, mobility, atTail: false)
  }

  // MARK: lists

  private func list(_ order: Int, _ mobility: Mobility) -> Int {
    order &* 3 &+ Int(mobility.rawValue)
  }

  /// The mobility of the list a free block is on; kept in its row, since its pageblock may have
  /// another one.
  private func listOf(_ frame: UInt32) -> Mobility {
    Mobility(rawValue: UInt8(truncatingIfNeeded: rows[Int(frame)].slot))!
  }

  private func push(_ frame: UInt32, _ order: Int, _ mobility: Mobility, atTail: Bool) {
    let l = list(order, mobility)
    let head = heads[l], tail = tails[l]
    rows[Int(frame)] = FrameRow(
      position: atTail ? 0 : head, slot: UInt32(mobility.rawValue), link: atTail ? tail : 0,
      flags: .buddy, memcg: UInt16(order))
    if head == 0 {
      heads[l] = frame
      tails[l] = frame
      rows[Int(frame)].position = 0
      rows[Int(frame)].link = 0
    } else if atTail {
      rows[Int(tail)].position = frame
      tails[l] = frame
    } else {
      rows[Int(head)].link = frame
      heads[l] = frame
    }
    counts[l] &+= 1
  }

  private func unlink(_ frame: UInt32, _ order: Int) {
    let l = list(order, listOf(frame))
    let next = rows[Int(frame)].position, previous = rows[Int(frame)].link
    if previous == 0 { heads[l] = next } else { rows[Int(previous)].position = next }
    if next == 0 { tails[l] = previous } else { rows[Int(next)].link = previous }
    rows[Int(frame)].flags = []
    rows[Int(frame)].memcg = 0
    rows[Int(frame)].slot = 0
    counts[l] &-= 1
  }
}
