// SPDX-License-Identifier: Apache-2.0
// A zone: a range of frames with its free lists, its per-CPU lists and its marks.

package import UAPI

package final class Zone {
  let kind: ZoneSpec.Kind
  let managed: Int
  package let watermarks: Watermarks
  /// What requests up to each zone index must leave free beyond the mark.
  let protection: [Int]
  let buddy: BuddyAllocator
  let perCPU: PerCPUPages
  /// Pages handed out and given back since boot.
  private var allocatedPages = 0
  private var freedPages = 0
  var allocated: Int { allocatedPages }
  var freed: Int { freedPages }

  package init(
    kind: ZoneSpec.Kind, managed: Int, watermarks: Watermarks, protection: [Int],
    buddy: BuddyAllocator, perCPU: PerCPUPages
  ) {
    self.kind = kind
    self.managed = managed
    self.watermarks = watermarks
    self.protection = protection
    self.buddy = buddy
    self.perCPU = perCPU
  }

  /// Pages on the buddy lists: nr_free_pages. What per-CPU lists hold is not free.
  @inline(__always) package var free: Int { buddy.freePages }

  @inline(__always) func contains(_ frame: UInt32) -> Bool {
    frame >= buddy.start && frame < buddy.end
  }

  /// Whether 2^order pages may be taken down to the low mark (reference 23 §23.4).
  @inline(__always) package func isAboveLow(order: Int, classZone: Int) -> Bool {
    let left = buddy.freePages &- (1 &<< order &- 1)
    guard left > watermarks.low &+ protection[classZone] else { return false }
    return order == 0 || buddy.hasBlock(order: order)
  }

  @inline(__always) package func take(order: Int, _ mobility: Mobility) -> UInt32 {
    let frame =
      order < perCPU.orders
      ? perCPU.take(order: order, mobility) : buddy.take(order: order, mobility)
    if frame != 0 { allocatedPages &+= 1 &<< order }
    return frame
  }

  @inline(__always) package func giveBack(_ frame: UInt32, order: Int) {
    freedPages &+= 1 &<< order
    if order < perCPU.orders {
      perCPU.free(frame, order: order)
    } else {
      buddy.free(frame, order: order)
    }
  }
}

/// A node: its zones, lowest first, and its share of /proc/vmstat.
package final class Node {
  let number: Int
  let zones: [Zone]
  let counters = VmCounters()

  package init(number: Int, zones: [Zone]) {
    self.number = number
    self.zones = zones
  }

  deinit { counters.release() }
}
