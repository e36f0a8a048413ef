// SPDX-License-Identifier: Apache-2.0
// The rows of all frames, and the arenas they and their like live in.
//
// An arena is address space that costs nothing until it is touched, so a machine's rows exist from
// boot and an idle machine stays small. Handles into an arena own nothing; the arena's owner gives
// it back when the machine goes.

import CMemory

/// Zeroed rows of one type, mapped lazily.
final class Arena<Row> {
  let rows: UnsafeMutablePointer<Row>
  let capacity: Int

  /// - Throws: BootError when the host has no address space for `capacity` rows.
  init(_ capacity: Int, for what: String) throws(BootError) {
    let bytes = max(capacity, 1) * MemoryLayout<Row>.stride
    guard let start = memory_reserve(bytes) else {
      throw BootError("this host has no address space for \(what): \(bytes >> 20) MiB asked for")
    }
    rows = start.bindMemory(to: Row.self, capacity: capacity)
    self.capacity = capacity
  }

  deinit { memory_release(rows, max(capacity, 1) * MemoryLayout<Row>.stride) }
}

/// One row per page frame, indexed by frame number.
package final class FrameTable {
  private let arena: Arena<FrameRow>
  package let rows: UnsafeMutablePointer<FrameRow>
  /// One more than the highest frame number.
  package let count: Int

  package init(frames: Int) throws(BootError) {
    guard frames < Int(UInt32.max) else {
      throw BootError("\(frames) page frames are more than frame numbers can name")
    }
    arena = try Arena(frames, for: "the rows of \(frames) page frames")
    rows = arena.rows
    count = frames
  }
}
