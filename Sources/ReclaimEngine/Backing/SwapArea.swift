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
  private let gone: (_ offsets: UnsafeMutablePointer<UInt32>, _ n: Int) -> Void

  /// What is in the two caches: slots that may be taken, in order, and slots that came back.
  private struct Caches {
    var taken = 0
    var filled = 0
    var returned = 0
  }
  private let caches: UnsafeMutablePointer<Caches>
  private let toTake: UnsafeMutablePointer<UInt32>
  private let toReturn: UnsafeMutablePointer<UInt32>

  /// - Parameters:
  ///   - slots: one for each slot of the device, and one for its header.
  ///   - gone: called for slots that return to the area, before they do.
  init(
    _ device: DiskSpec, slots: Arena<SwapSlot>, clusterSize: Int,
    gone: @escaping (_ offsets: UnsafeMutablePointer<UInt32>, _ n: Int) -> Void
  ) throws(BootError) {
    total = slots.capacity - 1
    arena = slots
    self.slots = slots.rows
    self.device = device
    clusters = try SwapClusters(total: total, clusterSize: clusterSize)
    self.gone = gone
    caches = .allocate(capacity: 1)
    caches.initialize(to: Caches())
    toTake = .allocate(capacity: Self.cacheSize)
    toReturn = .allocate(capacity: Self.cacheSize)
  }

  /// Rows for all of a device.
  static func slots(of device: DiskSpec) throws(BootError) -> Arena<SwapSlot> {
    let count = device.size.pages.count
    guard count > 1 else {
      throw BootError("swap on '\(device.name)': \(device.size.text), expected at least 2 pages")
    }
    guard count <= UInt32.max else {
      throw BootError(
        "swap on '\(device.name)': \(device.size.text) are \(count) slots, "
          + "expected fewer than 2^32")
    }
    return try Arena(count, for: "swap slots")
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
    let found = clusters.take(upTo: wanted, into: toTake)
    for k in 0..<found { memory_prefetch(slots + Int(toTake[k])) }
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
    let n = caches.pointee.returned
    for k in 0..<n { clusters.prefetch(toReturn[k]) }
    gone(toReturn, n)
    for k in 0..<n {
      let slot = slots + Int(toReturn[k])
      slot.pointee.memcg = 0
      slot.pointee.isFilled = false
      clusters.give(toReturn[k])
    }
    caches.pointee.returned = 0
  }
}
