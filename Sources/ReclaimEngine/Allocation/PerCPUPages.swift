// SPDX-License-Identifier: Apache-2.0
// The CPU's own lists of free pages of a zone, and what they hide from nr_free_pages (reference 23
// §23.7).
//
// A page is taken from the head of the list of its order and mobility and goes back to the head; an
// empty list is refilled with a batch at its tail; lists that grow beyond `high` give pages back
// from their tails. How many, and from which list first, differs between generations (PerCPULists).

final class PerCPUPages {
  /// Orders that pass through these lists.
  let orders: Int

  private let rows: UnsafeMutablePointer<FrameRow>
  private let buddy: BuddyAllocator
  let batch: Int
  let high: Int
  /// How much a drain has grown: batch << freeFactor.
  private var freeFactor = 0
  private let growthLimit: Int
  private let behaviour: PerCPULists
  private let heads: UnsafeMutablePointer<UInt32>
  private let tails: UnsafeMutablePointer<UInt32>
  private let listCount: Int
  /// Base pages on all lists.
  private(set) var count = 0

  init(
    rows: UnsafeMutablePointer<FrameRow>, buddy: BuddyAllocator, batch: Int, high: Int,
    _ profile: KernelProfile
  ) {
    behaviour = profile.perCPULists
    orders = behaviour == .orderZero ? 1 : 4
    growthLimit = profile.numbers.perCPUDrainGrowth
    self.rows = rows
    self.buddy = buddy
    self.batch = batch
    self.high = high
    let lists = orders * Mobility.allCases.count
    listCount = lists
    heads = .allocate(capacity: lists)
    tails = .allocate(capacity: lists)
    heads.initialize(repeating: 0, count: lists)
    tails.initialize(repeating: 0, count: lists)
  }

  deinit {
    heads.deallocate()
    tails.deallocate()
  }

  /// A block of 2^order frames, 0 when the zone has none.
  @inline(__always) func take(order: Int, _ mobility: Mobility) -> UInt32 {
    freeFactor &>>= 1
    let l = order &* 3 &+ Int(mobility.rawValue)
    if _slowPath(heads[l] == 0) { refill(order, mobility) }
    let frame = heads[l]
    if _slowPath(frame == 0) { return 0 }
    unlink(frame, l)
    count &-= 1 &<< order
    return frame
  }

  /// Gives a block of 2^order frames back; a list that has grown long enough is drained.
  @inline(__always) func free(_ frame: UInt32, order: Int) {
    let l = order &* 3 &+ Int(buddy.mobility(of: frame).rawValue)
    pushHead(frame, l)
    count &+= 1 &<< order
    if _slowPath(count >= high) { drain(first: l) }
  }

  /// Puts a page on a list at boot.
  func adopt(_ frame: UInt32, order: Int) {
    let l = order &* 3 &+ Int(buddy.mobility(of: frame).rawValue)
    pushHead(frame, l)
    count += 1 << order
  }

  @inline(never) private func refill(_ order: Int, _ mobility: Mobility) {
    let wanted = order == 0 ? batch : max(batch >> order, 2)
    let l = order * 3 + Int(mobility.rawValue)
    for _ in 0..<wanted {
      let frame = buddy.take(order: order, mobility)
      if frame == 0 { return }
      pushTail(frame, l)
      count += 1 << order
    }
  }

  @inline(never) private func drain(first: Int) {
    switch behaviour {
    case .orderZero: drainInTurn(min(batch, count))
    case .toOrderThree: drainGrowing(first: first)
    }
  }

  /// Gives back `n` pages: from the lists in turn, one, two, three from each that has any; all from
  /// the one list that has pages when there is but one.
  private func drainInTurn(_ n: Int) {
    let alone = (0..<listCount).count { tails[$0] != 0 } == 1
    var left = n, share = alone ? n : 1, l = 0
    while left > 0 {
      l = (l + 1) % listCount
      guard tails[l] != 0 else { continue }
      for _ in 0..<min(share, left) where tails[l] != 0 {
        giveBackOldest(of: l)
        left -= 1
      }
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
    for k in 0..<listCount {
      let l = (first + 1 + k) % listCount
      while left > 0, tails[l] != 0 {
        giveBackOldest(of: l)
        left -= 1 << (l / 3)
      }
      if left <= 0 { return }
    }
  }

  private func giveBackOldest(of l: Int) {
    let frame = tails[l]
    unlink(frame, l)
    count -= 1 << (l / 3)
    buddy.free(frame, order: l / 3)
  }

  /// Everything goes back to the buddy lists.
  func drainAll() {
    for l in 0..<listCount {
      while tails[l] != 0 { giveBackOldest(of: l) }
    }
  }

  /// Calls `body` with each block on these lists.
  func forEachBlock(_ body: (_ frame: UInt32, _ order: Int) -> Void) {
    for l in 0..<listCount {
      var frame = heads[l]
      while frame != 0 {
        body(frame, l / 3)
        frame = rows[Int(frame)].position
      }
    }
  }

  // MARK: lists

  @inline(__always) private func pushHead(_ frame: UInt32, _ l: Int) {
    let head = heads[l]
    rows[Int(frame)] = FrameRow(position: head, slot: 0, link: 0, flags: .perCPU, memcg: 0)
    if head == 0 { tails[l] = frame } else { rows[Int(head)].link = frame }
    heads[l] = frame
  }

  private func pushTail(_ frame: UInt32, _ l: Int) {
    let tail = tails[l]
    rows[Int(frame)] = FrameRow(position: 0, slot: 0, link: tail, flags: .perCPU, memcg: 0)
    if tail == 0 { heads[l] = frame } else { rows[Int(tail)].position = frame }
    tails[l] = frame
  }

  @inline(__always) private func unlink(_ frame: UInt32, _ l: Int) {
    let next = rows[Int(frame)].position, previous = rows[Int(frame)].link
    if previous == 0 { heads[l] = next } else { rows[Int(previous)].position = next }
    if next == 0 { tails[l] = previous } else { rows[Int(next)].link = previous }
    rows[Int(frame)].flags = []
  }
}
