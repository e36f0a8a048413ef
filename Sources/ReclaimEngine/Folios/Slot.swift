// SPDX-License-Identifier: Apache-2.0
// What a page-cache or swap slot holds: nothing, a folio, or the shadow of one that was evicted.
//
//   folio    PFN << 32                         (bit 0 clear, not zero)
//   shadow   clock : 36 | cgroup : 16 | node : 10 | workingset : 1 | 1
//   swapped  offset << 32 | 1                  (files of shmem only, which have no shadows)
//
// The shadow packs what reference 09 §9.2 packs, in the same widths, so it wraps where the kernel's
// wraps. Slots of one file lie side by side and start at a multiple of 64: slot >> 6 is the row of
// the tree's leaf node.

package struct Slot: Equatable {
  package var raw: UInt64

  package static let empty = Slot(raw: 0)

  @inline(__always) package init(raw: UInt64) { self.raw = raw }
  @inline(__always) package init(folio: UInt32) { raw = UInt64(folio) << 32 }

  /// In a file of shmem: the page lies in this swap slot.
  @inline(__always) init(swapOffset: UInt32) { raw = UInt64(swapOffset) << 32 | 1 }
  @inline(__always) var swapOffset: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }

  @inline(__always) package var isShadow: Bool { raw & 1 != 0 }
  /// The folio's frame number; 0 when the slot holds none. A shift, not a branch: whether a slot
  /// that is read at random holds a folio is chance.
  @inline(__always) package var folio: UInt32 {
    UInt32(truncatingIfNeeded: (raw &>> 32) &>> ((raw & 1) &<< 5))
  }
}

/// The memory of an eviction: reference 09 §9.2.
package struct Shadow {
  package static let clockMask: UInt64 = (1 << 36) - 1

  package var clock: UInt64
  package var memcg: UInt16
  package var node: Int
  package var workingset: Bool

  @inline(__always) package var slot: Slot {
    Slot(
      raw: (clock & Shadow.clockMask) << 28 | UInt64(memcg) << 12 | UInt64(node) << 2
        | (workingset ? 2 : 0) | 1)
  }

  @inline(__always) package init(clock: UInt64, memcg: UInt16, node: Int, workingset: Bool) {
    self.clock = clock
    self.memcg = memcg
    self.node = node
    self.workingset = workingset
  }

  @inline(__always) package init(_ slot: Slot) {
    clock = slot.raw >> 28
    memcg = UInt16(truncatingIfNeeded: slot.raw >> 12)
    node = Int(slot.raw >> 2 & 0x3FF)
    workingset = slot.raw & 2 != 0
  }
}

/// All slots of a machine; files and areas take ranges of them.
final class SlotTable {
  private let arena: Arena<Slot>
  let slots: UnsafeMutablePointer<Slot>
  private var used: Int
  /// Ranges given back: first slot and length, a multiple of 64.
  private var spare: [(start: Int, count: Int)] = []

  /// - Parameter capacity: slots that all files together may need.
  init(capacity: Int) throws(BootError) {
    guard capacity < Int(UInt32.max) else {
      throw BootError("files of \(capacity) pages are more than slots can name")
    }
    arena = try Arena(capacity, for: "page-cache slots")
    slots = arena.rows
    used = 64  // Slot 0 is none: no folio without a mapping seems to have one.
  }

  var capacity: Int { arena.capacity }

  /// A range of `n` empty slots that starts at a multiple of 64; nil when there are not that many.
  func allocate(_ n: Int) -> Int? {
    let rounded = (n + 63) & ~63
    if let at = spare.firstIndex(where: { $0.count >= rounded }) {
      let start = spare[at].start
      spare[at].start += rounded
      spare[at].count -= rounded
      if spare[at].count == 0 { spare.remove(at: at) }
      return start
    }
    guard used + rounded <= arena.capacity else { return nil }
    defer { used += rounded }
    return used
  }

  /// Gives a range back; its slots are empty.
  func free(_ start: Int, _ n: Int) { spare.append((start, (n + 63) & ~63)) }
}
