// SPDX-License-Identifier: Apache-2.0
// A zone: a range of frames with its free lists, its per-CPU lists and its marks.

package import UAPI

package final class Zone {
  let kind: ZoneSpec.Kind
  let managed: Int
  let present: Int
  private var marks: Watermarks
  package var watermarks: Watermarks { marks }
  /// What requests up to each zone index must leave free beyond the mark.
  let protection: [Int]
  let buddy: BuddyAllocator
  let perCPU: PerCPUPages
  /// What is added to each mark after a fallback to another mobility, and the most it may be
  /// (reference 23 §23.2).
  private var boostPages = 0
  private var boostLimit: Int
  private var boostFactor: Int
  /// A boost has not woken kswapd yet.
  private var wantsKswapd = false
  /// For requests up to each zone index: the low mark with its boost, and what they must leave
  /// free.
  private let lowLimits: UnsafeMutablePointer<Int>
  /// Pages handed out and given back since boot.
  private var allocatedPages = 0
  /// Requests served: numa_hit counts a block once (recordings).
  private var servedRequests = 0
  private var freedPages = 0
  private var writePendingPages = 0
  var allocated: Int { allocatedPages }
  var served: Int { servedRequests }
  var freed: Int { freedPages }

  package init(
    kind: ZoneSpec.Kind, managed: Int, present: Int? = nil, watermarks: Watermarks,
    protection: [Int],
    buddy: BuddyAllocator, perCPU: PerCPUPages, boostFactor: Int = 15_000
  ) {
    self.kind = kind
    self.managed = managed
    self.present = present ?? managed
    marks = watermarks
    self.protection = protection
    self.buddy = buddy
    self.perCPU = perCPU
    precondition(protection.count > ZoneSpec.Kind.movable.index, "what a zone keeps back from whom")
    lowLimits = .allocate(capacity: protection.count)
    for (index, kept) in protection.enumerated() { lowLimits[index] = watermarks.low + kept }
    self.boostFactor = boostFactor
    boostLimit = Self.boostLimit(managed: managed, high: watermarks.high, factor: boostFactor)
    buddy.fellBack = { [unowned self] in boostMarks() }
  }

  deinit { lowLimits.deallocate() }

  // MARK: boost

  /// The most that a zone's marks are raised; 0 where they are not at all.
  package static func boostLimit(managed: Int, high: Int, factor: Int) -> Int {
    let most = high * factor / 10_000
    if most == 0 || managed < 4 << BuddyAllocator.pageblockOrder { return 0 }
    return max(most, 1 << BuddyAllocator.pageblockOrder)
  }

  var boost: Int { boostPages }
  /// Whether kswapd is to be woken for a boost.
  @inline(__always) var isBoosted: Bool { wantsKswapd }

  private func boostMarks() {
    guard boostLimit > 0 else { return }
    setBoost(min(boostPages + 1 << BuddyAllocator.pageblockOrder, boostLimit))
    wantsKswapd = true
  }

  func reduceBoost(by pages: Int) { setBoost(boostPages - min(boostPages, pages)) }
  func kswapdWasWoken() { wantsKswapd = false }

  /// vm.watermark_boost_factor was written: the next fallback knows.
  func setBoostFactor(_ factor: Int) {
    boostFactor = factor
    boostLimit = Self.boostLimit(managed: managed, high: marks.high, factor: factor)
  }

  /// The marks were computed anew, which ends a boost (reference 23 §23.2).
  func setMarks(_ new: Watermarks) {
    marks = new
    setBoostFactor(boostFactor)
    setBoost(0)
  }

  private func setBoost(_ pages: Int) {
    boostPages = pages
    for (index, kept) in protection.enumerated() {
      lowLimits[index] = watermarks.low + pages + kept
    }
  }

  // MARK: pages

  /// Pages that are dirty or being written: nr_zone_write_pending, those of swap included
  /// (recordings).
  var writePending: Int { writePendingPages }
  func countWritePending(_ n: Int) { writePendingPages += n }

  /// Pages on the buddy lists: nr_free_pages. What per-CPU lists hold is not free.
  @inline(__always) package var free: Int { buddy.freePages }

  @inline(__always) func contains(_ frame: UInt32) -> Bool {
    frame >= buddy.start && frame < buddy.end
  }

  /// Whether 2^order pages may be taken down to the low mark (reference 23 §23.4).
  @inline(__always) package func isAboveLow(order: Int, classZone: Int) -> Bool {
    let left = buddy.freePages &- (1 &<< order &- 1)
    guard left > lowLimits[classZone] else { return false }
    return order == 0 || buddy.hasBlock(order: order)
  }

  /// Whether 2^order pages may be taken down to `mark`, to which the boost is added.
  /// - Parameter free: as if so many pages were free.
  func isAbove(_ mark: Int, order: Int, classZone: Int, free: Int? = nil) -> Bool {
    let left = (free ?? buddy.freePages) - (1 << order - 1)
    guard left > mark + boostPages + protection[classZone] else { return false }
    return order == 0 || buddy.hasBlock(order: order)
  }

  @inline(__always) package func take(order: Int, _ mobility: Mobility) -> UInt32 {
    let frame =
      perCPU.keeps(order)
      ? perCPU.take(order: order, mobility) : buddy.take(order: order, mobility)
    if frame != 0 {
      allocatedPages &+= 1 &<< order
      servedRequests &+= 1
    }
    return frame
  }

  @inline(__always) package func giveBack(_ frame: UInt32, order: Int) {
    freedPages &+= 1 &<< order
    if perCPU.keeps(order) {
      perCPU.free(frame, order: order)
    } else {
      buddy.free(frame, order: order)
    }
  }
}

/// A node: its zones, lowest first, and its share of /proc/vmstat.
package final class Node {
  let number: Int
  /// Those that manage pages, lowest first.
  let zones: [Zone]
  /// Index of the highest of them.
  let topZone: Int
  let counters = VmCounters()

  package init(number: Int, zones: [Zone]) {
    self.number = number
    self.zones = zones
    topZone = zones.last?.kind.index ?? 0
  }

  deinit { counters.release() }

  /// The zone of a frame.
  func zone(of frame: UInt32) -> Zone {
    for zone in zones where zone.contains(frame) { return zone }
    preconditionFailure("frame \(frame) belongs to no zone")
  }

  /// Zones that a request up to a zone index may use, lowest first.
  func zones(upTo highest: Int) -> [Zone] { zones.filter { $0.kind.rawValue <= highest } }

  /// pgdat_balanced: one zone above its high mark is enough (reference 11 §11.2).
  func isBalanced(order: Int, highest: Int) -> Bool {
    let zones = zones(upTo: highest)
    return zones.isEmpty
      || zones.contains {
        $0.isAbove($0.watermarks.high, order: order, classZone: highest)
      }
  }
}
