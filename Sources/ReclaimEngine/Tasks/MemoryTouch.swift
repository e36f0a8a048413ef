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
    /// A fault of that page, from its beginning.
    case fault(Int)
    /// A fault of that page that has begun.
    case begun(Int, charged: Bool)
    /// A fault of that page that is charged and found no frame.
    case short(Int)
    /// Time that somebody else's turn falls into: of accesses, and of a fault.
    case spend(UInt64)
    case turn
    case spendInKernel(UInt64)
  }

  /// Accesses that are looked at together. Three parts are under way: what is accessed, behind it
  /// accesses whose entries have arrived, so that their swap slots are fetched, and those whose
  /// entries are fetched. Whole parts at a time: a single fetch that misses the TLB would hold up
  /// the fault it stands in, many behind one another wait together.
  private static let part = 32
  private static let parts = 4
  static let room = part * parts

  private let area: Area
  private let write: Bool
  private let marks: UInt64
  private var cursor: PatternCursor
  /// A ring of parts.
  private let buffer: UnsafeMutableBufferPointer<UInt32>
  /// Where the part that is accessed stands in the buffer, up to where it is filled, and up to
  /// where it is done.
  private var base = 0
  private var filled = 0
  private var at = 0
  /// Accesses in the next part and the one behind it; nil before the first.
  private var following: (next: Int, last: Int)?
  private let isAnonymous: Bool

  /// - Parameter buffer: of `room` numbers, the caller's.
  init(
    _ area: Area, write: Bool, fill: Bool, _ cursor: PatternCursor,
    buffer: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.area = area
    self.write = write
    marks = PageTableEntry.marks(write: write, fill: fill)
    self.cursor = cursor
    self.buffer = buffer
    if case .anonymous = area.kind { isAnonymous = true } else { isAnonymous = false }
  }

  /// Leaves position and stream where the next operation on this area goes on.
  func settle() {
    area.position = cursor.position
    area.stream = cursor.stream
  }

  /// Accesses pages until one needs a fault or the time they took is somebody else's turn.
  @inline(never) mutating func advance(_ memory: Memory, _ task: SimTask) throws(Killed) -> Pause {
    let entries = memory.entries + area.base
    let price = memory.profile.costs.touch &+ memory.profile.costs.draw(cursor.shape)
    while true {
      if at == filled, memory.cutsShort || !turn(entries, memory.synchronousSlots) {
        return .finished
      }
      let begun = at
      let end = at &+ min(filled &- at, task.accessesLeft)
      while at < end {
        let entry = entries + Int(buffer[at])
        guard entry.pointee.permits(write: write) else { break }
        entry.pointee.raw |= marks
        at &+= 1
      }
      let spent = UInt64(truncatingIfNeeded: at &- begun) &* price
      if task.turnLength != .max { task.accessesLeft -= at - begun }
      if spent > 0, !task.trySpend(spent) { return .spend(spent) }
      if task.accessesLeft == 0 { return .turn }
      if at == filled { continue }
      let index = Int(buffer[at])
      guard isAnonymous else { return .fault(index) }
      switch memory.faultAtOnce(area, index, write: write, task) {
      case .other: return .fault(index)
      case .begun(let charged): return .begun(index, charged: charged)
      case .short: return .short(index)
      case .done(let cost):
        if !task.trySpend(cost) { return .spendInKernel(cost) }
        task.latencies.note(.fault, cost)
      }
    }
  }

  /// The next part is the one to be worked on; false when there is nothing in it.
  private mutating func turn(
    _ entries: UnsafeMutablePointer<PageTableEntry>, _ slots: UnsafeMutablePointer<SwapSlot>?
  ) -> Bool {
    let first = following == nil
    let (count, next) = following ?? (fetch(base, entries), fetch(base &+ Self.part, entries))
    if !first { base = (base &+ Self.part) % Self.room }
    at = base
    filled = base &+ count
    if count == 0 { return false }
    following = (next, fetch((base &+ 2 &* Self.part) % Self.room, entries))
    if let slots { fetchSlots((base &+ Self.part) % Self.room, next, entries, slots) }
    return true
  }

  /// Fills a part and fetches the entries; answers how many accesses it holds.
  private mutating func fetch(
    _ start: Int, _ entries: UnsafeMutablePointer<PageTableEntry>
  ) -> Int {
    let part = UnsafeMutableBufferPointer(rebasing: buffer[start..<(start + Self.part)])
    let count = cursor.fill(part)
    for k in 0..<count { memory_prefetch(entries + Int(part[k])) }
    return count
  }

  /// Fetches the swap slots of a part whose entries have arrived. Of what is not swapped out the
  /// first slot is fetched, which costs less than to find out.
  private func fetchSlots(
    _ start: Int, _ count: Int, _ entries: UnsafeMutablePointer<PageTableEntry>,
    _ slots: UnsafeMutablePointer<SwapSlot>
  ) {
    for k in 0..<count {
      let entry = entries[Int(buffer[start &+ k])]
      memory_prefetch(slots + (entry.isSwap ? Int(entry.swapOffset) : 0))
    }
  }
}

extension Memory {
  /// Touches the pages of the pattern.
  func touch(_ area: Area, write: Bool, fill: Bool, _ pattern: AccessPattern, _ task: SimTask)
    async throws(Killed)
  {
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: TouchRun.room)
    defer { buffer.deallocate() }
    let cursor = PatternCursor(
      pattern, size: area.pages, position: area.position, stream: area.stream, tables: zipfTables)
    var run = TouchRun(area, write: write, fill: fill, cursor, buffer: buffer)
    defer { run.settle() }
    while true {
      switch try run.advance(self, task) {
      case .finished: return
      case .spend(let nanoseconds): try await task.spendOutside(nanoseconds)
      case .turn: try await nextTurn?(task)
      case .spendInKernel(let nanoseconds):
        let begun = timeline.now
        try await task.spend(nanoseconds)
        task.latencies.note(.fault, (timeline.now - begun).count)
      case .begun(let index, let charged):
        let begun = timeline.now
        if try await !finishFault(area, index, write: write, charged: charged, task) {
          try giveUpForMemory(task)
        }
        try await leave(task, begun)
        if task.isDying { return }
      case .short(let index):
        let begun = timeline.now
        if try await !mapCharged(area, index, write: write, task) { try giveUpForMemory(task) }
        try await leave(task, begun)
        if task.isDying { return }
      case .fault(let index):
        let begun = timeline.now
        if try await !fault(area, index, write: write, task) { try giveUpForMemory(task) }
        try await leave(task, begun)
        if task.isDying { return }
      }
    }
  }

  /// A fault that began then is over: the way back to user mode.
  private func leave(_ task: SimTask, _ begun: Instant) async throws(Killed) {
    task.latencies.note(.fault, (timeline.now - begun).count)
    if task.overHigh != 0 { try await returnOverHigh(task) }
  }
}
