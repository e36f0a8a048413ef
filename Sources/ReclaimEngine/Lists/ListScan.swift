// SPDX-License-Identifier: Apache-2.0
// The benchmark's loop over the engine's lists: what FolioLists costs with nothing around it.
//
// No part of a simulation. It performs the workload that CReference.h tells for a linked list, page
// for page, so that both reclaim the same number; it stands in this module because what the engine
// is specialised and inlined with must be what is measured.

import CMemory

/// One list of folios, and scans of it that take from its tail and refill its head.
package final class ListScan {
  private static let batch = 32

  private let table: FrameTable
  private let arena: FolioListArena
  private let list: UnsafeMutablePointer<FolioList>
  /// Folios of the open batch as they were taken, and behind them as they go back.
  private let space: UnsafeMutablePointer<UInt32>
  private var random: UInt64 = 7

  /// Puts frames on the list in the given order, a quarter of them referenced.
  /// - Parameters:
  ///   - order: `count` distinct frame numbers from 2 to `count` + 1.
  /// - Throws: BootError when this host has no address space for so many rows.
  package init(order: UnsafePointer<UInt32>, count: Int) throws(BootError) {
    table = try FrameTable(frames: count + 2)
    arena = try FolioListArena(rows: table.rows, frames: count + 2, lists: 1)
    list = .allocate(capacity: 1)
    list.initialize(to: FolioList())
    space = .allocate(capacity: 2 * Self.batch)
    var marks: UInt64 = 88_172_645_463_325_252
    for k in 0..<count {
      table.rows[Int(order[k])].flags = Self.marks(&marks)
      arena.lists.push(order[k], on: list)
    }
  }

  deinit {
    list.deallocate()
    space.deallocate()
  }

  /// Scans the next `count` folios (a multiple of 32): a referenced one loses its mark and goes to
  /// the head, any other is reclaimed and, after its batch, refilled at the head.
  /// - Returns: how many were reclaimed.
  @inline(never) package func scan(_ count: Int) -> Int {
    let lists = arena.lists, rows = table.rows, list = self.list
    let batch = space, returning = space + Self.batch
    var random = self.random
    var reclaimed = 0, done = 0
    while done < count {
      let n = lists.takeTail(Self.batch, from: list, into: batch)
      let ahead = lists.peek(Self.batch, of: list, into: returning)
      for k in 0..<ahead { memory_prefetch(rows + Int(returning[k])) }
      // Survivors from the front, in order; what is reclaimed from the back, so that it stands in
      // the order in which it is refilled. Which is which is left to arithmetic: a branch that
      // chance decides would cost more than the list.
      var kept = 0
      for k in 0..<n {
        let frame = batch[k]
        let flags = rows[Int(frame)].flags
        let stays = flags.contains(.referenced) ? 1 : 0
        rows[Int(frame)].flags = flags.subtracting(stays == 1 ? .referenced : .lru)
        returning[kept] = frame
        returning[n &- 1 &- (k &- kept)] = frame
        kept &+= stays
      }
      for k in kept..<n { rows[Int(returning[k])].flags = Self.marks(&random) }
      lists.push(returning, n, on: list)
      reclaimed &+= n &- kept
      done &+= Self.batch
    }
    self.random = random
    return reclaimed
  }

  /// On the list; referenced with probability 1/4, drawn by xorshift64.
  @inline(__always) private static func marks(_ random: inout UInt64) -> FolioFlags {
    random ^= random &<< 13
    random ^= random &>> 7
    random ^= random &<< 17
    return random & 3 == 0 ? [.lru, .referenced] : .lru
  }
}
