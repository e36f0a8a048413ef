// SPDX-License-Identifier: Apache-2.0
// Swap: slots on a device, the CPU's caches of them, and what a slot remembers (reference 22
// §22.2).
//
// Slots are taken from the area 64 at a time into a cache of the CPU and come back through another
// of 64, so the number of free slots moves in steps. A used slot holds its folio while that is in
// the swap cache, else the shadow that its eviction left, and the cgroup that pays for it.

import CMemory
import UAPI

/// One slot of a swap area.
struct SwapSlot {
  /// The folio while it is in the swap cache, or the shadow of its eviction.
  var content: Slot
  /// Who is charged; 0 while the slot is free.
  var memcg: UInt16
  /// Page-table entries and mappings that name it.
  var references: UInt16
  /// Bytes that the device holds for it; 0 before it is written.
  var stored: UInt16
  /// Its page's contents cannot be compressed.
  var isFilled: Bool
}

final class SwapArea {
  static let cacheSize = 64

  private let arena: Arena<SwapSlot>
  let slots: UnsafeMutablePointer<SwapSlot>
  let device: DiskSpec
  private let clusters: SwapClusters
  /// Usable slots: offsets 1 to total; offset 0 is the header.
  let total: Int
  private let gone: (UInt32) -> Void

  /// What is in the two caches: slots that may be taken, in order, and slots that came back.
  private struct Caches {
    var taken = 0
    var filled = 0
    var returned = 0
  }
  private let caches: UnsafeMutablePointer<Caches>
  private let toTake: UnsafeMutablePointer<UInt32>
  private let toReturn: UnsafeMutablePointer<UInt32>

  /// - Parameter gone: called for each slot that returns to the area, before it does.
  init(_ device: DiskSpec, clusterSize: Int, gone: @escaping (UInt32) -> Void) throws(BootError) {
    total = device.size.pages.count - 1
    guard total > 0 else {
      throw BootError("swap on '\(device.name)': \(device.size.text), expected at least 2 pages")
    }
    arena = try Arena(total + 1, for: "swap slots")
    slots = arena.rows
    self.device = device
    clusters = try SwapClusters(total: total, clusterSize: clusterSize)
    self.gone = gone
    caches = .allocate(capacity: 1)
    caches.initialize(to: Caches())
    toTake = .allocate(capacity: Self.cacheSize)
    toReturn = .allocate(capacity: Self.cacheSize)
  }

  deinit {
    caches.deallocate()
    toTake.deallocate()
    toReturn.deallocate()
  }

  var isDeviceSynchronous: Bool { device.kind != .null }

  /// Slots neither used nor in a cache: nr_swap_pages.
  var free: Int { clusters.free }

  /// More than half of swap is in use (vm_swap_full).
  var isFull: Bool { 2 * free < total }

  // MARK: take

  /// The next slot through the CPU's cache; nil when none is free.
  @inline(__always) func take() -> UInt32? {
    if _slowPath(caches.pointee.taken == caches.pointee.filled) {
      refill()
      if caches.pointee.filled == 0 { return nil }
    }
    defer { caches.pointee.taken &+= 1 }
    return toTake[caches.pointee.taken]
  }

  @inline(never) private func refill() {
    let wanted = clusters.free > 2 * Self.cacheSize ? Self.cacheSize : 1
    var found = 0
    while found < wanted, let offset = clusters.take() {
      toTake[found] = offset
      memory_prefetch(slots + Int(offset))
      found += 1
    }
    caches.pointee.taken = 0
    caches.pointee.filled = found
  }

  // MARK: give back

  /// Drops one reference; the slot is freed with the last one, unless a folio in the swap cache
  /// keeps it.
  @inline(__always) func release(_ offset: UInt32) {
    let slot = slots + Int(offset)
    slot.pointee.references -= 1
    if slot.pointee.references == 0, slot.pointee.content.folio == 0 { freed(offset) }
  }

  /// A slot without references goes to the return cache; a 65th sends all 64 back to the area.
  @inline(__always) func freed(_ offset: UInt32) {
    slots[Int(offset)].content = .empty
    if _slowPath(caches.pointee.returned == Self.cacheSize) { emptyReturned() }
    toReturn[caches.pointee.returned] = offset
    caches.pointee.returned &+= 1
  }

  @inline(never) private func emptyReturned() {
    for k in 0..<caches.pointee.returned { clusters.prefetch(toReturn[k]) }
    for k in 0..<caches.pointee.returned {
      let offset = toReturn[k], slot = slots + Int(offset)
      gone(offset)
      slot.pointee.memcg = 0
      slot.pointee.isFilled = false
      clusters.give(offset)
    }
    caches.pointee.returned = 0
  }
}
