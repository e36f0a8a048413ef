// SPDX-License-Identifier: Apache-2.0
// Loads and stores: page after page of an area, a fault where an entry does not permit the access.
//
// What hits is done without waiting, in one loop that touches nothing but entries; the first access
// that needs a fault stops it. After the fault the access is repeated, as the CPU does.

import CMemory
import Timeline
import UAPI

struct TouchRun {
  enum Pause {
    case finished
    case fault(Int)
    case spend(UInt64)
    case turn
  }

  private let area: Area
  private let write: Bool
  private var cursor: PatternCursor
  private let buffer: UnsafeMutableBufferPointer<UInt32>
  private var filled = 0
  private var at = 0

  init(
    _ area: Area, write: Bool, _ cursor: PatternCursor,
    buffer: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.area = area
    self.write = write
    self.cursor = cursor
    self.buffer = buffer
  }

  /// Leaves position and stream where the next operation on this area goes on.
  func settle() {
    area.position = cursor.position
    area.stream = cursor.stream
  }

  /// Accesses pages until one needs a fault or the time they took is somebody else's turn.
  @inline(never) mutating func advance(_ memory: Memory, _ task: SimTask) -> Pause {
    let entries = memory.entries + area.base
    let price = memory.profile.costs.touch
    while true {
      if at == filled {
        filled = cursor.fill(buffer)
        at = 0
        if filled == 0 { return .finished }
        for k in 0..<filled { memory_prefetch(entries + Int(buffer[k])) }
      }
      let begun = at
      let end = at &+ min(filled &- at, task.accessesLeft)
      while at < end {
        let entry = entries + Int(buffer[at])
        guard entry.pointee.permits(write: write) else { break }
        entry.pointee = entry.pointee.touched(write: write)
        at &+= 1
      }
      let spent = UInt64(truncatingIfNeeded: at &- begun) &* price
      if task.turnLength != .max { task.accessesLeft -= at - begun }
      if spent > 0, !task.trySpend(spent) { return .spend(spent) }
      if task.accessesLeft == 0 { return .turn }
      if at < filled { return .fault(Int(buffer[at])) }
    }
  }
}

extension Memory {
  /// Touches the pages of the pattern.
  func touch(_ area: Area, write: Bool, _ pattern: AccessPattern, _ task: SimTask)
    async throws(Killed)
  {
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: ReadRun.lookahead)
    defer { buffer.deallocate() }
    let cursor = PatternCursor(
      pattern, size: area.pages, position: area.position, stream: area.stream, tables: zipfTables)
    var run = TouchRun(area, write: write, cursor, buffer: buffer)
    defer { run.settle() }
    while true {
      switch run.advance(self, task) {
      case .finished: return
      case .spend(let nanoseconds): try await task.spendOutside(nanoseconds)
      case .turn: try await nextTurn?(task)
      case .fault(let index):
        if try await !fault(area, index, write: write, task) { try giveUpForMemory(task) }
        if task.isDying { return }
      }
    }
  }
}
