// SPDX-License-Identifier: Apache-2.0
// Swap: slots on a device, the CPU's caches of them, and what a slot remembers (reference 22
// §22.2).
//
// Slots are taken from the area 64 at a time into a cache of the CPU and come back through another
// of 64, so the number of free slots moves in steps. On a device without seeks slots are handed out
// one after the other within a free cluster. A used slot holds its folio while that is in the swap
// cache, else the shadow that its eviction left, and the cgroup that pays for it.

import UAPI

/// One slot of a swap area.
struct SwapSlot {
  /// The folio while it is in the swap cache, or the shadow of its eviction.
  var content: Slot
  /// Who is charged; 0 while the slot is free.
  var memcg: UInt16
  /// Page-table entries and mappings that name it.
  var references: UInt16
  /// Whether the device holds a page for it.
  var isWritten: Bool
  var isUsed: Bool
}

final class SwapArea {
  static let cacheSize = 64

  private let arena: Arena<SwapSlot>
  let slots: UnsafeMutablePointer<SwapSlot>
  /// Usable slots: offsets 1 to total; offset 0 is the header.
  let total: Int
  let device: DiskSpec
  private let clusterSize: Int
  private var freeClusters: [Int]
  private var freeInCluster: [Int]
  private var cluster = -1
  private var nextInCluster = 0
  /// Slots neither used nor in a cache: nr_swap_pages.
  private var freeCount: Int
  var free: Int { freeCount }
  private var taken: [UInt32] = []
  private var returned: [UInt32] = []
  private let uncharge: (UInt16) -> Void

  /// - Parameters:
  ///   - uncharge: called for each slot that returns to the area, with the cgroup that paid.
  init(_ device: DiskSpec, clusterSize: Int, uncharge: @escaping (UInt16) -> Void)
    throws(BootError)
  {
    let total = device.size.pages.count - 1
    self.total = total
    guard total > 0 else {
      throw BootError("swap on '\(device.name)': \(device.size.text), expected at least 2 pages")
    }
    guard total < UInt32.max else {
      throw BootError(
        "swap on '\(device.name)': \(device.size.text) are \(total + 1) slots, "
          + "expected fewer than 2^32")
    }
    arena = try Arena(total + 1, for: "swap slots")
    slots = arena.rows
    self.device = device
    self.clusterSize = clusterSize
    self.uncharge = uncharge
    freeCount = total
    let clusters = total / clusterSize + 1
    freeInCluster = (0..<clusters).map { c in
      min((c + 1) * clusterSize, total + 1) - c * clusterSize - (c == 0 ? 1 : 0)
    }
    // The header and a cluster cut short by the end never count as entirely free.
    freeClusters = (0..<clusters).filter { c in
      c > 0 && (c + 1) * clusterSize <= total + 1
    }
  }

  var isDeviceSynchronous: Bool { device.kind != .null }

  // MARK: take

  /// The next slot through the CPU's cache; nil when none is free.
  func take() -> UInt32? {
    if taken.isEmpty { refill() }
    guard let offset = taken.popLast() else { return nil }
    return offset
  }

  private func refill() {
    let wanted = freeCount > 2 * Self.cacheSize ? Self.cacheSize : 1
    var found: [UInt32] = []
    while found.count < wanted, let offset = scan() { found.append(offset) }
    taken = found.reversed()
  }

  private func scan() -> UInt32? {
    guard freeCount > 0 else { return nil }
    while true {
      if cluster >= 0 {
        let end = min((cluster + 1) * clusterSize, total + 1)
        while nextInCluster < end {
          let offset = nextInCluster
          nextInCluster += 1
          if offset > 0, !slots[offset].isUsed { return claim(offset) }
        }
        cluster = -1
      }
      if !freeClusters.isEmpty {
        cluster = freeClusters.removeFirst()
      } else if let partial = freeInCluster.firstIndex(where: { $0 > 0 }) {
        cluster = partial
      } else {
        return nil
      }
      nextInCluster = cluster * clusterSize
    }
  }

  private func claim(_ offset: Int) -> UInt32 {
    slots[offset].isUsed = true
    freeInCluster[offset / clusterSize] -= 1
    freeCount -= 1
    return UInt32(offset)
  }

  // MARK: give back

  /// Drops one reference; the slot is freed with the last one, unless a folio in the swap cache
  /// keeps it.
  func release(_ offset: UInt32) {
    let slot = slots + Int(offset)
    slot.pointee.references -= 1
    if slot.pointee.references == 0, slot.pointee.content.folio == 0 { freed(offset) }
  }

  /// A slot without references goes to the return cache; a 65th sends all 64 back to the area.
  func freed(_ offset: UInt32) {
    slots[Int(offset)].content = .empty
    if returned.count >= Self.cacheSize {
      for other in returned { returnToArea(other) }
      returned.removeAll(keepingCapacity: true)
    }
    returned.append(offset)
  }

  private func returnToArea(_ offset: UInt32) {
    let slot = slots + Int(offset)
    uncharge(slot.pointee.memcg)
    slot.pointee.memcg = 0
    slot.pointee.isUsed = false
    let c = Int(offset) / clusterSize
    freeInCluster[c] += 1
    freeCount += 1
    let whole = min((c + 1) * clusterSize, total + 1) - c * clusterSize
    if freeInCluster[c] == whole, c != cluster, c > 0, whole == clusterSize {
      freeClusters.append(c)
    }
  }

  /// More than half of swap is in use (vm_swap_full).
  var isFull: Bool { 2 * freeCount < total }
}
