// SPDX-License-Identifier: Apache-2.0
// LRU lists as chunks of 256 frame numbers, with a back-pointer in each row.
//
// The order is exactly that of a linked list. What a linked list cannot give is the next rows
// before the current one has arrived; here they stand side by side, so they are fetched while this
// batch is worked on (docs/performance.md).
//
//   tail chunk        …        head chunk
//   [low … high)  ⇄  [0 … 256)  ⇄  [0 … high)      reclaim takes from the left, new folios come
//   from the right
//
// Removal leaves a tombstone (0) and counts the chunk's living; an empty chunk is given back at
// once. Where removals leave many chunks nearly empty, `compact` packs a list; whoever pushes sees
// to it (`reserveChunks`). Frame 0 is never on a list.

import CMemory

/// One list: its chunks at both ends (0: no chunk yet) and how many folios are on it.
package struct FolioList {
  var head: UInt32 = 0
  var tail: UInt32 = 0
  package internal(set) var count = 0

  package init() {}
}

struct ListChunk {
  var newer: UInt32
  var older: UInt32
  var low: UInt16
  var high: UInt16
  var live: UInt32
}

struct ChunkPool {
  var free: UInt32
  var fresh: UInt32
  var unused: Int
}

/// The chunks of all lists of a machine.
package final class FolioListArena {
  private let slots: Arena<UInt32>
  private let chunks: Arena<ListChunk>
  private let pool: UnsafeMutablePointer<ChunkPool>
  package let lists: FolioLists

  /// - Parameters:
  ///   - frames: rows that may be on lists, each on one at most.
  ///   - lists: how many lists there may be.
  package init(rows: UnsafeMutablePointer<FrameRow>, frames: Int, lists listLimit: Int)
    throws(BootError)
  {
    let limit = (frames >> 8) * 2 + 2 * listLimit + 256
    slots = try Arena(limit << 8, for: "LRU lists")
    chunks = try Arena(limit, for: "LRU list chunks")
    pool = .allocate(capacity: 1)
    pool.initialize(to: ChunkPool(free: 0, fresh: 1, unused: limit - 1))
    // Chunk 0 is full for ever, so that a push on an empty list takes the slow way and finds its
    // first chunk.
    chunks.rows[0] = ListChunk(newer: 0, older: 0, low: 0, high: 256, live: 1)
    lists = FolioLists(rows: rows, slots: slots.rows, chunks: chunks.rows, pool: pool)
  }

  deinit { pool.deallocate() }
}

/// What can be done with lists; a handle that owns nothing.
package struct FolioLists {
  let rows: UnsafeMutablePointer<FrameRow>
  let slots: UnsafeMutablePointer<UInt32>
  let chunks: UnsafeMutablePointer<ListChunk>
  let pool: UnsafeMutablePointer<ChunkPool>

  /// Adds at the head: the most recent end.
  @inline(__always) package func push(_ frame: UInt32, on list: UnsafeMutablePointer<FolioList>) {
    if _slowPath(chunks[Int(list.pointee.head)].high > 255) { growHead(list) }
    let c = Int(list.pointee.head)
    let high = chunks[c].high
    let position = UInt32(truncatingIfNeeded: c) &<< 8 | UInt32(high)
    chunks[c].high = high &+ 1
    chunks[c].live &+= 1
    slots[Int(position)] = frame
    rows[Int(frame)].position = position
    list.pointee.count &+= 1
  }

  /// Adds `n` folios at the head, in order. The books of a chunk are kept once, not per folio: each
  /// entry would wait for the one before it.
  @inline(__always) package func push(
    _ frames: UnsafeMutablePointer<UInt32>, _ n: Int, on list: UnsafeMutablePointer<FolioList>
  ) {
    var done = 0
    while done < n {
      if _slowPath(chunks[Int(list.pointee.head)].high > 255) { growHead(list) }
      let c = Int(list.pointee.head)
      let high = Int(chunks[c].high)
      let here = min(n &- done, 256 &- high), first = c &<< 8 &+ high
      for k in 0..<here {
        let frame = frames[done &+ k]
        slots[first &+ k] = frame
        rows[Int(frame)].position = UInt32(truncatingIfNeeded: first &+ k)
      }
      chunks[c].high = UInt16(truncatingIfNeeded: high &+ here)
      chunks[c].live &+= UInt32(truncatingIfNeeded: here)
      done &+= here
    }
    list.pointee.count &+= n
  }

  /// Adds `n` folios in order, each at the head of the list that `listOf` names; neighbours that go
  /// to the same list are added together.
  @inline(__always) package func push(
    _ frames: UnsafeMutablePointer<UInt32>, _ n: Int,
    onListOf listOf: (UInt32) -> UnsafeMutablePointer<FolioList>
  ) {
    if n == 0 { return }
    var first = 0
    var list = listOf(frames[0])
    for k in 1..<n {
      let next = listOf(frames[k])
      if next == list { continue }
      push(frames + first, k &- first, on: list)
      (first, list) = (k, next)
    }
    push(frames + first, n &- first, on: list)
  }

  /// Adds at the tail: the next to be scanned.
  package func pushTail(_ frame: UInt32, on list: UnsafeMutablePointer<FolioList>) {
    if list.pointee.tail == 0 || chunks[Int(list.pointee.tail)].low == 0 { growTail(list) }
    let c = Int(list.pointee.tail)
    let low = chunks[c].low &- 1
    let position = UInt32(truncatingIfNeeded: c) &<< 8 | UInt32(low)
    chunks[c].low = low
    chunks[c].live &+= 1
    slots[Int(position)] = frame
    rows[Int(frame)].position = position
    list.pointee.count &+= 1
  }

  /// Fetches what removing a folio will touch.
  @inline(__always) package func prefetchPlace(of frame: UInt32) {
    let position = rows[Int(frame)].position
    memory_prefetch(slots + Int(position))
    memory_prefetch(chunks + Int(position &>> 8))
  }

  @inline(__always) package func remove(_ frame: UInt32, from list: UnsafeMutablePointer<FolioList>)
  {
    let position = rows[Int(frame)].position
    let c = position &>> 8
    slots[Int(position)] = 0
    list.pointee.count &-= 1
    chunks[Int(c)].live &-= 1
    if _slowPath(chunks[Int(c)].live == 0) { emptied(c, of: list) }
  }

  /// Takes up to `n` folios from the tail into `batch`, oldest first; returns how many there were.
  @inline(__always) package func takeTail(
    _ n: Int, from list: UnsafeMutablePointer<FolioList>, into batch: UnsafeMutablePointer<UInt32>
  ) -> Int {
    var taken = 0
    let wanted = min(n, list.pointee.count)
    while taken < wanted {
      let c = Int(list.pointee.tail)
      var low = chunks[c].low
      let high = chunks[c].high, first = c &<< 8
      let before = taken
      while low < high && taken < wanted {
        let frame = slots[first &+ Int(low)]
        low &+= 1
        batch[taken] = frame
        taken &+= frame == 0 ? 0 : 1
      }
      chunks[c].low = low
      let got = taken &- before
      list.pointee.count &-= got
      chunks[c].live &-= UInt32(truncatingIfNeeded: got)
      if chunks[c].live == 0 { emptied(UInt32(truncatingIfNeeded: c), of: list) }
    }
    return taken
  }

  /// Where the list is read next. For whoever fetches it: the list is not empty.
  @inline(__always) func tailPlace(of list: UnsafeMutablePointer<FolioList>) -> Int {
    let c = Int(list.pointee.tail)
    return c &<< 8 &+ Int(chunks[c].low)
  }

  /// The folio at the tail, or 0 where many that stood there were removed. Likewise.
  @inline(__always) func tailFrame(of list: UnsafeMutablePointer<FolioList>) -> UInt32 {
    let from = tailPlace(of: list)
    var at = from
    while slots[at] == 0, at &- from < 16, at & 255 != 255 { at &+= 1 }
    return slots[at]
  }

  /// Copies the `n` folios that `takeTail` would take into `batch` and leaves them where they are;
  /// returns how many there were.
  @inline(__always) package func peek(
    _ n: Int, of list: UnsafeMutablePointer<FolioList>, into batch: UnsafeMutablePointer<UInt32>
  ) -> Int {
    var found = 0
    let wanted = min(n, list.pointee.count)
    var c = Int(list.pointee.tail)
    while found < wanted {
      var at = c &<< 8 &+ Int(chunks[c].low)
      let end = c &<< 8 &+ Int(chunks[c].high)
      while at < end && found < wanted {
        let frame = slots[at]
        at &+= 1
        batch[found] = frame
        found &+= frame == 0 ? 0 : 1
      }
      c = Int(chunks[c].newer)
    }
    return found
  }

  /// A place on a list, from which a look ahead goes on.
  enum Place {
    case tail
    case slot(Int, ofChunk: Int)
  }

  /// Calls `body` with the next `n` folios that `takeTail` would take from that place on, and with
  /// frame 0 for each tombstone between them; answers where they end. Telling the two apart would
  /// cost a branch that chance decides.
  @inline(__always) func forNext(
    _ n: Int, of list: UnsafeMutablePointer<FolioList>, from place: Place,
    _ body: (UInt32) -> Void
  ) -> Place {
    var c = Int(list.pointee.tail), at = c &<< 8 &+ Int(chunks[c].low)
    if case .slot(let slot, let chunk) = place { (at, c) = (slot, chunk) }
    if list.pointee.count == 0 { return place }
    var found = 0
    while true {
      let end = c &<< 8 &+ Int(chunks[c].high)
      while at < end, found < n {
        let frame = slots[at]
        at &+= 1
        body(frame)
        found &+= frame == 0 ? 0 : 1
      }
      if found == n || c == Int(list.pointee.head) { return .slot(at, ofChunk: c) }
      c = Int(chunks[c].newer)
      at = c &<< 8 &+ Int(chunks[c].low)
    }
  }

  /// Calls `body` with each folio of a list, oldest first.
  package func forEach(of list: UnsafeMutablePointer<FolioList>, _ body: (UInt32) -> Void) {
    var c = list.pointee.tail
    while c != 0 {
      for at in Int(chunks[Int(c)].low)..<Int(chunks[Int(c)].high) {
        let frame = slots[Int(c) << 8 + at]
        if frame != 0 { body(frame) }
      }
      c = c == list.pointee.head ? 0 : chunks[Int(c)].newer
    }
  }
}
