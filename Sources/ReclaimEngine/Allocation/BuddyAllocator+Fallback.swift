// SPDX-License-Identifier: Apache-2.0
// Fallback: a request whose own lists are empty takes a block of another mobility (reference 23
// §23.9, the rules of 5.4 to 6.1).
//
// A large block, or any for pages that cannot be moved, is claimed: all that is free of its
// pageblock changes lists, and the pageblock itself its mobility where that makes the better half
// of it. Otherwise a movable request takes the smallest block there is, and leaves the rest alone.

import UAPI

extension BuddyAllocator {
  /// Makes free pages of another mobility available to this one. False: nothing is free.
  func steal(_ order: Int, for mobility: Mobility) -> Bool {
    let (first, second) = mobility.fallbacks
    let smallest = max(order, smallestFallback)
    var o = Self.orders - 1
    while o >= smallest {
      for donor in [first, second] where freeBlocks(order: o, donor) > 0 {
        guard isClaimable(o, mobility) else { return stealSmallest(order, for: mobility) }
        let frame = claim(o, from: donor, for: mobility)
        record(frame, order, mobility, fallback: o, donor)
        return true
      }
      o -= 1
    }
    return false
  }

  private func isClaimable(_ order: Int, _ mobility: Mobility) -> Bool {
    order >= Self.pageblockOrder / 2 || mobility != .movable
  }

  private func stealSmallest(_ order: Int, for mobility: Mobility) -> Bool {
    let (first, second) = mobility.fallbacks
    for o in order..<Self.orders {
      for donor in [first, second] where freeBlocks(order: o, donor) > 0 {
        fellBack?()
        let frame = takeHead(o, donor)
        move(frame, o, to: mobility)
        record(frame, order, mobility, fallback: o, donor)
        return true
      }
    }
    return false
  }

  /// - Returns: the block's first frame.
  private func claim(_ order: Int, from donor: Mobility, for mobility: Mobility) -> UInt32 {
    let frame = takeHead(order, donor)
    if order >= Self.pageblockOrder {
      retype(frame, order, to: mobility)
      move(frame, order, to: mobility)
      return frame
    }
    fellBack?()
    move(frame, order, to: mobility)
    // A pageblock that begins before its zone counts, and gives, from the claimed block on only
    // (recordings: pages of zone DMA below it stay with their mobility).
    let firstFrame = frame & ~511 < start ? frame : frame & ~511
    let last = min(frame | 511, end - 1)
    var free = 0, movable = 0
    var at = firstFrame
    while at <= last {
      let row = rows[Int(at)]
      if row.flags == .buddy, Int(row.memcg) <= Self.pageblockOrder {
        let o = Int(row.memcg)
        free += 1 << o
        if lists.mobility(ofBlock: at) != mobility {
          lists.unlink(at, o)
          move(at, o, to: mobility)
        }
        at += 1 << UInt32(o)
        continue
      }
      if row.flags.hasAny(.lru, .inAddBatch) { movable += 1 }
      at += 1
    }
    // What was neither seen free nor looks movable counts as the kernel's, the part of a cut
    // pageblock that nobody looked at too (recordings: zone DMA's first one changes hands).
    let compatible =
      mobility == .movable
      ? movable : donor == .movable ? 1 << Self.pageblockOrder - free - movable : 0
    if free + compatible >= 256 { setMobility(mobility, ofBlockAt: frame) }
    return frame
  }

  private func record(
    _ frame: UInt32, _ order: Int, _ mobility: Mobility, fallback: Int, _ donor: Mobility
  ) {
    guard let fallbackRecorder else { return }
    fallbackRecorder(
      ExternalFragmentation(
        frame: frame, order: order, fallbackOrder: fallback, pageblockOrder: Self.pageblockOrder,
        type: mobility.migrateType, fallbackType: donor.migrateType,
        changesOwnership: self.mobility(of: frame) == mobility))
  }
}
