// SPDX-License-Identifier: Apache-2.0
// Kernel memory, charged in bytes through one stock of the CPU (reference 13 §13.7).
//
// An object takes its bytes from the stock when the stock is this cgroup's and large enough; else
// whole pages are charged and what is left over joins the stock. Freed objects add to it; whole
// pages then go to the page stock. Switching to another cgroup gives whole pages back and remembers
// the rest with its owner.

import UAPI

package final class ObjectCharges {
  private let tree: MemcgTree
  private let rows: UnsafeMutablePointer<MemcgRow>
  private let pages: ChargeStock
  private let behaviour: ObjectStock
  /// Whose bytes are in stock (0: nobody's), and how many.
  private var memcg: UInt16 = 0
  private var bytes = 0
  /// Bytes of slab statistics not reported yet: reclaimable, unreclaimable.
  private var unreportedReclaimable = 0
  private var unreportedUnreclaimable = 0

  package init(_ tree: MemcgTree, _ pages: ChargeStock, _ profile: KernelProfile) {
    self.tree = tree
    rows = tree.rows
    self.pages = pages
    behaviour = profile.objectStock
  }

  /// What is in stock: for the invariants.
  package var stocked: (memcg: UInt16, bytes: Int) { (memcg, bytes) }

  /// Pages that an object of that size takes when the stock does not serve.
  package static func pages(for size: Int) -> Int { (size + 4095) >> 12 }

  /// Charges an object to `owner`; 0 when done, else the cgroup whose limit is in the way.
  package func tryCharge(_ owner: UInt16, _ size: Int, reclaimable: Bool) -> UInt16 {
    if owner == MemcgTree.rootNumber { return 0 }
    if memcg == owner, bytes >= size {
      bytes -= size
    } else {
      let n = Self.pages(for: size)
      let over = pages.tryCharge(owner, n)
      if over != 0 { return over }
      stockRest(owner, size, n)
    }
    account(owner, size, reclaimable: reclaimable)
    return 0
  }

  /// An object whose `n` pages have been charged by the slow path.
  package func chargedSlowly(_ owner: UInt16, _ size: Int, reclaimable: Bool) {
    stockRest(owner, size, Self.pages(for: size))
    account(owner, size, reclaimable: reclaimable)
  }

  private func stockRest(_ owner: UInt16, _ size: Int, _ n: Int) {
    rows[Int(owner)].kernelPages += n
    tree.statistics.note(n)
    let rest = (n << 12) - size
    if rest > 0 { add(rest, to: owner, givingBack: behaviour == .emptiedBeyondPage) }
  }

  /// Frees an object that `owner` was charged for.
  package func free(_ charged: UInt16, _ size: Int, reclaimable: Bool) {
    let owner = tree.kernelPayer(charged)
    if owner == MemcgTree.rootNumber { return }
    add(size, to: owner, givingBack: true)
    account(owner, -size, reclaimable: reclaimable)
  }

  private func add(_ size: Int, to owner: UInt16, givingBack: Bool) {
    var givingBack = givingBack
    if memcg != owner {
      releaseStock(toCounters: false)
      memcg = owner
      bytes = rows[Int(owner)].objectRemainder
      rows[Int(owner)].objectRemainder = 0
      givingBack = true
    }
    bytes += size
    guard givingBack, bytes > 4096 else { return }
    switch behaviour {
    case .emptiedBeyondPage: releaseStock(toCounters: false)
    case .mayExceedPage:
      let whole = bytes >> 12
      bytes &= 4095
      rows[Int(owner)].kernelPages -= whole
      tree.statistics.note(whole)
      pages.refill(owner, whole)
    }
  }

  /// Gives whole pages back, to the page stock or straight to the counters, and remembers the rest
  /// with its owner.
  private func releaseStock(toCounters: Bool) {
    if memcg == 0 { return }
    let whole = bytes >> 12
    rows[Int(memcg)].objectRemainder += bytes & 4095
    if whole > 0 {
      rows[Int(memcg)].kernelPages -= whole
      tree.statistics.note(whole)
      if toCounters { pages.uncharge(memcg, whole) } else { pages.refill(memcg, whole) }
    }
    reportSlab()
    memcg = 0
    bytes = 0
  }

  /// Empties the stock if it belongs to the subtree of `top`.
  package func drain(below top: UInt16) {
    if memcg != 0, tree.isBelow(memcg, top) { releaseStock(toCounters: true) }
  }

  // MARK: slab statistics: exact for the shadow limit, reported late

  private func account(_ owner: UInt16, _ size: Int, reclaimable: Bool) {
    tree.accumulators?.addBytes(
      size, to: reclaimable ? .slab_reclaimable : .slab_unreclaimable, of: owner)
    if reclaimable {
      rows[Int(owner)].slabReclaimable += size
      unreportedReclaimable = report(unreportedReclaimable, size)
    } else {
      rows[Int(owner)].slabUnreclaimable += size
      unreportedUnreclaimable = report(unreportedUnreclaimable, size)
    }
  }

  private func report(_ unreported: Int, _ size: Int) -> Int {
    if unreported == 0 { return size }
    let sum = unreported + size
    guard abs(sum) > 4096 else { return sum }
    tree.statistics.note(abs(sum))
    return 0
  }

  private func reportSlab() {
    if unreportedReclaimable != 0 { tree.statistics.note(abs(unreportedReclaimable)) }
    if unreportedUnreclaimable != 0 { tree.statistics.note(abs(unreportedUnreclaimable)) }
    unreportedReclaimable = 0
    unreportedUnreclaimable = 0
  }
}
