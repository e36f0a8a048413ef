// SPDX-License-Identifier: Apache-2.0
// What a task unmaps is freed together: pages are gathered first, in pages of the kernel that are
// allocated for that (reference 26 §26.3).
//
// The first eight fit without any; each further 510 take a page of unmovable memory, eighteen at
// most. When all are full the gathered pages are freed, and gathering goes on in the same ones. So
// an exit asks a machine that is short for a few pages, which can wake kswapd or mix mobilities.

import Timeline
import UAPI

struct FreedGather {
  private static let first = 8, perPage = 510, pagesMax = 18

  private(set) var frames: [UInt32] = []
  private(set) var pages: [UInt32] = []
  private var room = Self.first
  /// Of them, those that `Memory.gatheredPages` knows of.
  private var told = 0

  /// Whether one more page of the kernel is needed for what was gathered.
  var needsPage: Bool { frames.count > room && pages.count < Self.pagesMax }
  var isFull: Bool { frames.count > room }

  mutating func add(_ frame: UInt32) { frames.append(frame) }

  mutating func grew(by page: UInt32) {
    pages.append(page)
    room += Self.perPage
  }

  /// Pages gathered, less those released, since this was asked last.
  mutating func change() -> Int {
    defer { told = frames.count }
    return frames.count - told
  }

  mutating func wasReleased() { frames.removeAll(keepingCapacity: true) }
}

extension Memory {
  /// Makes room for what was gathered, or frees it where there is none.
  func makeRoom(_ gather: inout FreedGather) {
    while gather.needsPage {
      let page = allocateWithoutWaiting(.unmovable)
      if page == 0 { break }
      frames.rows[Int(page)] = FrameRow(position: 0, slot: 0, link: 0, flags: .kernel, memcg: 0)
      gather.grew(by: page)
    }
    if gather.isFull { release(&gather) }
    gatheredPages += gather.change()
  }

  /// Frees what was gathered so far, in the order in which it was unmapped.
  func release(_ gather: inout FreedGather) {
    for frame in gather.frames { freeLater(frame, frames.rows[Int(frame)].memcg) }
    settleFreed()
    gather.wasReleased()
    gatheredPages += gather.change()
  }

  /// Frees everything, the gather's own pages included.
  func finish(_ gather: inout FreedGather) {
    release(&gather)
    for page in gather.pages.reversed() {
      frames.rows[Int(page)].flags = []
      allocator.free(page, order: 0)
    }
    gather = FreedGather()
  }
}
