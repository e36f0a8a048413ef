// SPDX-License-Identifier: Apache-2.0
// What is unmapped of a task is freed together: pages are gathered first, in pages of the kernel
// that are allocated for that (reference 26 §26.3).
//
// The first eight fit without any; each further 510 take a page of unmovable memory, nineteen at
// most. When all are full the gathered pages are freed, and gathering goes on in the same ones. So
// an exit asks a machine that is short for a few pages, which can wake kswapd or mix mobilities;
// kswapd then has its turn at once. Pages of files take a place as well, and only lose a mapping.

import Timeline
import UAPI

struct FreedGather {
  private static let first = 8, perPage = 510, pagesMax = 19

  private(set) var frames: [UInt32] = []
  private(set) var pages: [UInt32] = []
  private var room = Self.first
  /// Places taken since the last release, by pages to be freed and others.
  private var places = 0
  /// Of the frames, those that were freed.
  private var freed = 0
  /// Pages that wait, as far as `Memory.gatheredPages` knows of them.
  private var told = 0

  /// Whether one more page of the kernel is needed for what was gathered.
  var needsPage: Bool { places > room && pages.count < Self.pagesMax }
  var isFull: Bool { places > room }

  mutating func add(_ frame: UInt32) {
    frames.append(frame)
    places += 1
  }

  /// Pages that only lose a mapping.
  mutating func add(others n: Int) { places += n }

  mutating func grew(by page: UInt32) {
    pages.append(page)
    room += Self.perPage
  }

  /// The next frames to be freed, at most `n`; none: all are, and gathering begins anew.
  mutating func next(_ n: Int) -> ArraySlice<UInt32> {
    let part = frames[freed..<min(freed + n, frames.count)]
    freed = part.endIndex
    if part.isEmpty {
      frames.removeAll(keepingCapacity: true)
      freed = 0
      places = 0
    }
    return part
  }

  /// Pages gathered, less those released, since this was asked last.
  mutating func change() -> Int {
    defer { told = frames.count - freed }
    return frames.count - freed - told
  }
}

extension Memory {
  /// Makes room for what was gathered, or frees it where there is none.
  func makeRoom(_ gather: inout FreedGather, _ thread: SimThread) async {
    while gather.needsPage {
      let page = allocateWithoutWaiting(.unmovable)
      if page == 0 { break }
      frames.rows[Int(page)] = FrameRow(position: 0, slot: 0, link: 0, flags: .kernel, memcg: 0)
      gather.grew(by: page)
      gatheredPages += gather.change()
      do { try await thread.giveWayIfDue() } catch {}
    }
    gatheredPages += gather.change()
    if gather.isFull { await release(&gather, thread) }
  }

  /// Frees what was gathered so far, in the order in which it was unmapped; the CPU may be taken
  /// away only between parts (`numbers.freedTogether`).
  private func release(_ gather: inout FreedGather, _ thread: SimThread) async {
    while true {
      let part = gather.next(profile.numbers.freedTogether)
      for frame in part { freeLater(frame, frames.rows[Int(frame)].memcg) }
      settleFreed()
      gatheredPages += gather.change()
      if part.isEmpty { return }
      do { try await thread.spend(UInt64(part.count) * profile.costs.pageFreed) } catch {}
    }
  }

  /// Frees everything, the gather's own pages included.
  func finish(_ gather: inout FreedGather, _ thread: SimThread) async {
    await release(&gather, thread)
    for page in gather.pages.reversed() {
      frames.rows[Int(page)].flags = []
      allocator.free(page, order: 0)
    }
    gather = FreedGather()
  }
}
