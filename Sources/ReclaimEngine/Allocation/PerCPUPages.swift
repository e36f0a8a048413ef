// SPDX-License-Identifier: Apache-2.0
// The CPU's own lists of free pages of a zone, and what they hide from nr_free_pages (reference 23
// §23.7).
//
// A page is taken from the head of the list of its order and mobility and goes back to the head; an
// empty list is refilled with a batch at its tail; lists that grow beyond `high` give pages back
// from their tails. How many, and from which list first, differs between generations (PerCPULists).

import CMemory

package final class PerCPUPages {
  /// Orders that pass through these lists, and behind them the order of a huge page.
  let orders: Int
  private static let hugeOrder = 9
  private let listCount: Int

  /// Whether blocks of that order pass through these lists.
  @inline(__always) func keeps(_ order: Int) -> Bool {
    order == 0 || order < orders || (order == Self.hugeOrder && orders > 1)
  }

  /// The lists of an order, by mobility, begin here. Single pages, by far the most, are told from
  /// the others where the compiler sees it.
  @inline(__always) private func firstList(_ order: Int) -> Int {
    order == 0 ? 0 : min(order, orders) &* 3
  }

  /// The order of the blocks on a list.
  private func order(ofList l: Int) -> Int { l / 3 < orders ? l / 3 : Self.hugeOrder }

  private let rows: UnsafeMutablePointer<FrameRow>
  private let buddy: BuddyAllocator
  let batch: Int
  /// Pages from which pages are given back, and what that is while nobody reclaims in the zone.
  private(set) var high: Int
  private var fullHigh: Int
  private var isKswapdHere = false
  /// How much a drain has grown: batch << freeFactor.
  private var freeFactor = 0
  private let growthLimit: Int
  private let behaviour: PerCPULists
  /// A list for each order and mobility.
  private let lists: UnsafeMutablePointer<FrameDeque>
  /// Base pages on all lists.
  private(set) var count = 0

  package init(
    rows: UnsafeMutablePointer<FrameRow>, buddy: BuddyAllocator, batch: Int, high: Int,
    _ behaviour: PerCPULists, growthLimit: Int
  ) {
    self.behaviour = behaviour
    orders = behaviour == .orderZero ? 1 : 4
    self.growthLimit = growthLimit
    self.rows = rows
    self.buddy = buddy
    self.batch = batch
    self.high = high
    fullHigh = high
    listCount = (orders + 1) * Mobility.allCases.count
    lists = .allocate(capacity: listCount)
    for l in 0..<listCount { (lists + l).initialize(to: FrameDeque()) }
  }

  deinit {
    for l in 0..<listCount { lists[l].release() }
    lists.deallocate()
  }

  /// A block of 2^order frames, 0 when the zone has none.
  @inline(__always) package func take(order: Int, _ mobility: Mobility) -> UInt32 {
    freeFactor &>>= 1
    let l = firstList(order) &+ Int(mobility.rawValue)
    if _slowPath(lists[l].count == 0) { refill(order, mobility) }
    let frame = lists[l].popHead()
    if _slowPath(frame == 0) { return 0 }
    rows[Int(frame)].flags = []
    count &-= 1 &<< order
    return frame
  }

  /// Gives a block of 2^order frames back; a list that has grown long enough is drained.
  @inline(__always) package func free(_ frame: UInt32, order: Int) {
    let l = firstList(order) &+ Int(buddy.mobility(of: frame).rawValue)
    mark(frame)
    lists[l].pushHead(frame)
    count &+= 1 &<< order
    if _slowPath(count >= high || (order != 0 && freeFactor != 0)) { drain(first: l, order) }
  }

  /// While kswapd reclaims in the zone less is kept from it (6.1).
  func isReclaimed(_ reclaims: Bool) {
    guard behaviour == .toOrderThree else { return }
    isKswapdHere = reclaims
    high = reclaims ? min(4 * batch, fullHigh) : fullHigh
  }

  /// The length was computed anew (6.1): lists that are longer shrink as pages are freed.
  func setHigh(_ pages: Int) {
    fullHigh = pages
    isReclaimed(isKswapdHere)
  }

  /// Puts a page on the list of a mobility at boot, whatever its pageblock is by now.
  package func adopt(_ frame: UInt32, order: Int, _ mobility: Mobility) {
    let l = firstList(order) + Int(mobility.rawValue)
    mark(frame)
    lists[l].pushHead(frame)
    count += 1 << order
  }

  @inline(never) private func refill(_ order: Int, _ mobility: Mobility) {
    let wanted = order == 0 || batch == 1 ? batch : max(batch >> order, 2)
    let l = firstList(order) + Int(mobility.rawValue)
    for _ in 0..<wanted {
      let frame = buddy.take(order: order, mobility)
      if frame == 0 { return }
      mark(frame)
      lists[l].pushTail(frame)
      count += 1 << order
    }
  }

  @inline(never) private func drain(first: Int, _ order: Int) {
    switch behaviour {
    case .orderZero: drainInTurn(min(batch, count))
    case .toOrderThree:
      // A block that is freed while drains grow takes everything along (recordings of tasks that
      // exit: their page directories are such blocks).
      if order != 0, order < orders, freeFactor != 0 {
        drainAll()
      } else if count >= high {
        drainGrowing(first: first)
      }
    }
  }

  /// Gives back `n` pages: from the lists in turn, one, two, three from each that has any; all from
  /// the one list that has pages when there is but one.
  private func drainInTurn(_ n: Int) {
    let alone = (0..<listCount).count { lists[$0].count != 0 } == 1
    var left = n, share = alone ? n : 1, l = 0
    while left > 0 {
      l = (l + 1) % listCount
      guard lists[l].count != 0 else { continue }
      let part = min(share, left)
      left -= part - giveBack(part, from: l)
      share += 1
    }
  }

  private func drainGrowing(first: Int) {
    var left: Int
    if high < batch {
      left = 1
    } else {
      let grown = batch << freeFactor
      left = min(max(grown, batch), max(high - batch, 1))
      if freeFactor < growthLimit, grown < high - batch { freeFactor += 1 }
    }
    for k in 0..<listCount where left > 0 {
      left = giveBack(left, from: (first + k) % listCount)
    }
  }

  /// Blocks from the tail of a list go back to the buddy lists until `pages` have; answers how many
  /// are still to go.
  private func giveBack(_ pages: Int, from l: Int) -> Int {
    let order = order(ofList: l)
    var left = pages
    while left > 0 {
      let frame = lists[l].popTail()
      if frame == 0 { break }
      prefetch(beforeTailOf: l)
      rows[Int(frame)].flags = []
      count &-= 1 &<< order
      left &-= 1 &<< order
      buddy.free(frame, order: order)
    }
    return left
  }

  /// Fetches the rows that giving back will touch: a block's own, and, once that has arrived, those
  /// of a free buddy's neighbours.
  @inline(__always) private func prefetch(beforeTailOf l: Int) {
    memory_prefetch(rows + Int(lists[l].beforeTail(32)))
    if l < 3 { buddy.prefetchMerge(of: lists[l].beforeTail(12)) }
  }

  /// Everything goes back to the buddy lists.
  package func drainAll() {
    for l in 0..<listCount { _ = giveBack(.max, from: l) }
  }

  /// Calls `body` with each block on these lists.
  package func forEachBlock(_ body: (_ frame: UInt32, _ order: Int) -> Void) {
    for l in 0..<listCount {
      for n in 0..<lists[l].count { body(lists[l][n], order(ofList: l)) }
    }
  }

  @inline(__always) private func mark(_ frame: UInt32) {
    rows[Int(frame)] = FrameRow(position: 0, slot: 0, link: 0, flags: .perCPU, memcg: 0)
  }
}
