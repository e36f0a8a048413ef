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

  private let area: Area
  private let write: Bool
  private let marks: UInt64
  private var cursor: PatternCursor
  /// Two halves: accesses that are made, and those that follow, whose entries are fetched
  /// meanwhile.
  private let buffer: UnsafeMutableBufferPointer<UInt32>
  private let half: Int
  /// Where in the buffer the accesses that are made stand: from `base` to `filled`, up to `at`
  /// done.
  private var base = 0
  private var filled = 0
  private var at = 0
  /// Accesses in the other half; nil before the first.
  private var following: Int?
  /// Up to where swap slots have been fetched; beyond `filled`, in the other half.
  private var fetched = 0
  private let isAnonymous: Bool

  init(
    _ area: Area, write: Bool, fill: Bool, _ cursor: PatternCursor,
    buffer: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.area = area
    self.write = write
    marks = PageTableEntry.marks(write: write, fill: fill)
    self.cursor = cursor
    self.buffer = buffer
    half = buffer.count / 2
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
      if at == filled, memory.cutsShort || !turn(entries) { return .finished }
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
      fetchSlots(memory)
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

  /// The half that follows is the one to be worked on; false when there is nothing in it.
  private mutating func turn(_ entries: UnsafeMutablePointer<PageTableEntry>) -> Bool {
    let count = following ?? fetch(half, entries)
    base = half &- base
    fetched = base &+ max(0, fetched &- filled)
    at = base
    filled = base &+ count
    if count > 0 { following = fetch(half &- base, entries) }
    return count > 0
  }

  /// Fills a half and fetches the entries; answers how many accesses it holds.
  private mutating func fetch(
    _ start: Int, _ entries: UnsafeMutablePointer<PageTableEntry>
  ) -> Int {
    let part = UnsafeMutableBufferPointer(rebasing: buffer[start..<(start + half)])
    let count = cursor.fill(part)
    for k in 0..<count { memory_prefetch(entries + Int(part[k])) }
    return count
  }

  /// Fetches the swap slots of the accesses to come: their entries have arrived by now.
  @inline(__always) private mutating func fetchSlots(_ memory: Memory) {
    guard let slots = memory.synchronousSlots else { return }
    let entries = memory.entries + area.base
    let end = min(at &+ 16, filled &+ (following ?? 0))
    while fetched < end {
      let place = fetched < filled ? fetched : half &- base &+ fetched &- filled
      let entry = entries[Int(buffer[place])]
      if entry.isSwap { memory_prefetch(slots + Int(entry.swapOffset)) }
      fetched &+= 1
    }
  }
}

extension Memory {
  /// Touches the pages of the pattern.
  func touch(_ area: Area, write: Bool, fill: Bool, _ pattern: AccessPattern, _ task: SimTask)
    async throws(Killed)
  {
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 2 * ReadRun.lookahead)
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
