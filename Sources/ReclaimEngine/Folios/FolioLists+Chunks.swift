// SPDX-License-Identifier: Apache-2.0
// The chunks of LRU lists come and go: a list grows at either end, an empty chunk is given back,
// and a list of many nearly empty ones is packed.
//
// The pool hands out chunks that were never used last, so that a small machine touches few.

extension FolioLists {
  @inline(never) func growHead(_ list: UnsafeMutablePointer<FolioList>) {
    let c = takeChunk()
    chunks[Int(c)].older = list.pointee.head
    if list.pointee.head == 0 {
      list.pointee.tail = c
    } else {
      chunks[Int(list.pointee.head)].newer = c
    }
    list.pointee.head = c
  }

  @inline(never) func growTail(_ list: UnsafeMutablePointer<FolioList>) {
    let c = takeChunk()
    chunks[Int(c)].low = 256
    chunks[Int(c)].high = 256
    chunks[Int(c)].newer = list.pointee.tail
    if list.pointee.tail == 0 {
      list.pointee.head = c
    } else {
      chunks[Int(list.pointee.tail)].older = c
    }
    list.pointee.tail = c
  }

  /// A chunk without living folios leaves the list; the only one stays and starts anew.
  @inline(never) func emptied(_ c: UInt32, of list: UnsafeMutablePointer<FolioList>) {
    let chunk = chunks[Int(c)]
    if list.pointee.head == list.pointee.tail {
      chunks[Int(c)].low = 0
      chunks[Int(c)].high = 0
      return
    }
    if list.pointee.tail == c {
      list.pointee.tail = chunk.newer
    } else {
      chunks[Int(chunk.older)].newer = chunk.newer
    }
    if list.pointee.head == c {
      list.pointee.head = chunk.older
    } else {
      chunks[Int(chunk.newer)].older = chunk.older
    }
    giveBack(c)
  }

  private func takeChunk() -> UInt32 {
    precondition(pool.pointee.unused > 0, "out of list chunks: reserveChunks was not asked")
    pool.pointee.unused &-= 1
    let c: UInt32
    if pool.pointee.free != 0 {
      c = pool.pointee.free
      pool.pointee.free = chunks[Int(c)].newer
    } else {
      c = pool.pointee.fresh
      pool.pointee.fresh &+= 1
    }
    chunks[Int(c)] = ListChunk(newer: 0, older: 0, low: 0, high: 0, live: 0)
    return c
  }

  private func giveBack(_ c: UInt32) {
    chunks[Int(c)].newer = pool.pointee.free
    pool.pointee.free = c
    pool.pointee.unused &+= 1
  }

  /// True when fewer than `n` pushes are certain to find a chunk: pack the lists then.
  @inline(__always) package func isShortOfChunks(for n: Int) -> Bool { pool.pointee.unused < n }

  /// Packs the list's folios into as few chunks as hold them, in the same order.
  package func compact(_ list: UnsafeMutablePointer<FolioList>) {
    if list.pointee.tail == 0 { return }
    var to = list.pointee.tail
    var at = 0
    var from = list.pointee.tail
    while from != 0 {
      let chunk = chunks[Int(from)]
      for index in Int(chunk.low)..<Int(chunk.high) {
        let frame = slots[Int(from) << 8 + index]
        if frame == 0 { continue }
        if at == 256 {
          seal(to, holding: 256)
          to = chunks[Int(to)].newer
          at = 0
        }
        let position = to << 8 | UInt32(at)
        slots[Int(position)] = frame
        rows[Int(frame)].position = position
        at += 1
      }
      from = from == list.pointee.head ? 0 : chunk.newer
    }
    var spare = to == list.pointee.head ? 0 : chunks[Int(to)].newer
    let last = list.pointee.head
    seal(to, holding: at)
    list.pointee.head = to
    while spare != 0 {
      let next = spare == last ? 0 : chunks[Int(spare)].newer
      giveBack(spare)
      spare = next
    }
  }

  private func seal(_ c: UInt32, holding n: Int) {
    chunks[Int(c)].low = 0
    chunks[Int(c)].high = UInt16(n)
    chunks[Int(c)].live = UInt32(n)
  }
}
