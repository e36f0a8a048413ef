// SPDX-License-Identifier: Apache-2.0
// Charging without waiting: the page counters of the tree and the CPU's stock (reference 13 §§13.1,
// 13.2, 13.8).
//
// A charge takes from the stock when the stock is this cgroup's; else it charges a whole batch and
// stocks the rest; else exactly what is needed. Where the limit forbids even that, the answer names
// the cgroup that is full, and what to do is Charge.swift's affair.

package final class ChargeStock {
  struct Stock {
    /// Whose pages they are; 0 for nobody's.
    var memcg: UInt16 = 0
    var pages = 0
    /// Pages charged while somebody was above its memory.high or memory.swap.high, since the task
    /// that charges was last told.
    var overHigh = 0
  }

  private let tree: MemcgTree
  private let rows: UnsafeMutablePointer<MemcgRow>
  private let stock: UnsafeMutablePointer<Stock>
  private let batch: Int

  package init(_ tree: MemcgTree, _ profile: KernelProfile) {
    self.tree = tree
    rows = tree.rows
    batch = profile.numbers.chargeBatch
    stock = .allocate(capacity: 1)
    stock.initialize(to: Stock())
  }

  deinit { stock.deallocate() }

  /// Charged pages that nobody uses yet.
  package var stocked: (memcg: UInt16, pages: Int) { (stock.pointee.memcg, stock.pointee.pages) }

  /// Charges `n` pages; 0 when they are charged, else the number of the cgroup whose limit is in
  /// the way.
  @inline(__always) package func tryCharge(_ memcg: UInt16, _ n: Int) -> UInt16 {
    if memcg == MemcgTree.rootNumber { return 0 }
    if stock.pointee.memcg == memcg, stock.pointee.pages >= n {
      stock.pointee.pages &-= n
      return 0
    }
    return chargeCounters(memcg, n)
  }

  /// `tryCharge` once more, after reclaim: a batch is not tried again (reference 13 §13.2, step 3).
  /// - Parameter counted: whether a refusal counts.
  package func retryCharge(_ memcg: UInt16, _ n: Int, counted: Bool) -> UInt16 {
    if stock.pointee.memcg == memcg, stock.pointee.pages >= n {
      stock.pointee.pages -= n
      return 0
    }
    return charge(memcg, n, counted: counted)
  }

  @inline(never) private func chargeCounters(_ memcg: UInt16, _ n: Int) -> UInt16 {
    if batch > n {
      let over = firstFull(memcg, batch)
      if over == 0 {
        add(memcg, batch)
        refill(memcg, batch &- n)
        return 0
      }
      rows[Int(over)].failures &+= 1
    }
    return charge(memcg, n, counted: true)
  }

  /// Adds `n` to the cgroup and its ancestors, or to none of them; answers the first whose limit
  /// forbids it; a refusal is one of its failures if it is to be counted.
  @inline(__always) private func charge(_ memcg: UInt16, _ n: Int, counted: Bool) -> UInt16 {
    let over = firstFull(memcg, n)
    if over == 0 {
      add(memcg, n)
    } else if counted {
      rows[Int(over)].failures &+= 1
    }
    return over
  }

  /// The first of the cgroup and its ancestors whose limit forbids `n` more; 0 for none. Those below
  /// it have counted `n` in their peaks.
  @inline(__always) private func firstFull(_ memcg: UInt16, _ n: Int) -> UInt16 {
    var at = memcg
    while at != 0 {
      let row = rows + Int(at), usage = row.pointee.usage &+ n
      if usage > row.pointee.max { return at }
      // A peak counts what was charged and taken back because somebody above refused.
      if usage > row.pointee.peak { row.pointee.peak = usage }
      at = row.pointee.parent
    }
    return 0
  }

  @inline(__always) private func add(_ memcg: UInt16, _ n: Int) {
    var at = memcg
    var isOverHigh = false
    while at != 0 {
      let row = rows + Int(at)
      row.pointee.usage &+= n
      isOverHigh = isOverHigh || row.pointee.isOverHigh
      if _slowPath(row.pointee.isWatched) { tree.attend(at) }
      at = row.pointee.parent
    }
    if _slowPath(isOverHigh) { stock.pointee.overHigh &+= n }
  }

  /// Whether a task has to be told that it charges above a memory.high.
  @inline(__always) var isOverHigh: Bool { stock.pointee.overHigh != 0 }

  /// Pages that the task which charged them has to answer for; from now on it is told.
  func takeOverHigh() -> Int {
    defer { stock.pointee.overHigh = 0 }
    return stock.pointee.overHigh
  }

  /// Takes `n` pages from the counters of the cgroup and its ancestors. Freed folios are uncharged
  /// here, never into the stock.
  package func uncharge(_ memcg: UInt16, _ n: Int) {
    if memcg == MemcgTree.rootNumber { return }
    var at = memcg
    while at != 0 {
      let row = rows + Int(at)
      row.pointee.usage -= n
      if _slowPath(row.pointee.isWatched) { tree.attend(at) }
      at = row.pointee.parent
    }
  }

  /// Puts charged pages into the stock; beyond a batch the stock is emptied.
  package func refill(_ memcg: UInt16, _ n: Int) {
    if n == 0 { return }
    if stock.pointee.memcg != memcg {
      drain()
      stock.pointee.memcg = memcg
    }
    stock.pointee.pages += n
    if stock.pointee.pages > batch { drain() }
  }

  /// Gives the stock back to its counters.
  package func drain() {
    let pages = stock.pointee.pages
    if pages > 0 { uncharge(stock.pointee.memcg, pages) }
    stock.pointee.pages = 0
    stock.pointee.memcg = 0
  }

  /// Gives the stock back if it belongs to the subtree of `top`.
  package func drain(below top: UInt16) {
    if stock.pointee.memcg != 0, tree.isBelow(stock.pointee.memcg, top) { drain() }
  }
}
