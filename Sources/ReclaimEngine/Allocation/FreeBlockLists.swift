// SPDX-License-Identifier: Apache-2.0
// The lists of free blocks of a zone, one for each order and mobility, linked through the rows of
// the blocks' first frames.
//
// They are short and hot, so that links in rows serve them well; the lists of single pages that a
// CPU keeps, which are long, are rings (FrameDeque).

struct FreeBlockLists {
  private let rows: UnsafeMutablePointer<FrameRow>
  private let heads: UnsafeMutablePointer<UInt32>
  private let tails: UnsafeMutablePointer<UInt32>
  private let counts: UnsafeMutablePointer<Int>

  init(rows: UnsafeMutablePointer<FrameRow>, count: Int) {
    self.rows = rows
    heads = .allocate(capacity: count)
    tails = .allocate(capacity: count)
    counts = .allocate(capacity: count)
    heads.initialize(repeating: 0, count: count)
    tails.initialize(repeating: 0, count: count)
    counts.initialize(repeating: 0, count: count)
  }

  /// Gives the lists back; they must not be used afterwards.
  func release() {
    heads.deallocate()
    tails.deallocate()
    counts.deallocate()
  }

  private func list(_ order: Int, _ mobility: Mobility) -> Int {
    order &* 3 &+ Int(mobility.rawValue)
  }

  func count(_ order: Int, _ mobility: Mobility) -> Int { counts[list(order, mobility)] }

  /// The block at the head; 0 when there is none.
  func head(_ order: Int, _ mobility: Mobility) -> UInt32 { heads[list(order, mobility)] }

  /// Calls `body` with each block of a list.
  func forEach(_ order: Int, _ mobility: Mobility, _ body: (UInt32) -> Void) {
    var frame = head(order, mobility)
    while frame != 0 {
      body(frame)
      frame = rows[Int(frame)].position
    }
  }

  /// The mobility of the list a free block is on; kept in its row, since its pageblock may have
  /// another one.
  func mobility(ofBlock frame: UInt32) -> Mobility {
    Mobility(rawValue: UInt8(truncatingIfNeeded: rows[Int(frame)].slot))!
  }

  func push(_ frame: UInt32, _ order: Int, _ mobility: Mobility, atTail: Bool) {
    let l = list(order, mobility)
    let head = heads[l], tail = tails[l]
    rows[Int(frame)] = FrameRow(
      position: atTail ? 0 : head, slot: UInt32(mobility.rawValue), link: atTail ? tail : 0,
      flags: .buddy, memcg: UInt16(order))
    if head == 0 {
      heads[l] = frame
      tails[l] = frame
      rows[Int(frame)].position = 0
      rows[Int(frame)].link = 0
    } else if atTail {
      rows[Int(tail)].position = frame
      tails[l] = frame
    } else {
      rows[Int(head)].link = frame
      heads[l] = frame
    }
    counts[l] &+= 1
  }

  func unlink(_ frame: UInt32, _ order: Int) {
    let l = list(order, mobility(ofBlock: frame))
    let next = rows[Int(frame)].position, previous = rows[Int(frame)].link
    if previous == 0 { heads[l] = next } else { rows[Int(previous)].position = next }
    if next == 0 { tails[l] = previous } else { rows[Int(next)].link = previous }
    rows[Int(frame)].flags = []
    rows[Int(frame)].memcg = 0
    rows[Int(frame)].slot = 0
    counts[l] &-= 1
  }
}
