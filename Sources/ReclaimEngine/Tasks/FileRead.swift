// SPDX-License-Identifier: Apache-2.0
// Buffered reads: cache hit, miss, readahead, marker (reference 25 §25.2).
//
// A read operation is thousands of accesses. ReadRun performs them without waiting, as far as it
// gets, and says what it needs; the async loop around it fulfils the need and lets it go on. The
// pattern is known ahead, so slots, nodes and rows are fetched before they are looked at.

import CMemory
import Timeline
import UAPI

struct ReadRun {
  private enum Stage { case next, look, missed, filling(then: After), accessed, refused }
  /// What follows a filled window.
  private enum After { case lookAgain, giveUp, unhold }
  enum Pause {
    case finished
    /// There was no memory for the page.
    case failed
    case needs(Need)
    /// A read has ended and the task has charged above a memory.high.
    case returnOverHigh
    case spend(UInt64)
    case turn
  }

  /// Accesses that are known, and whose slots are fetched, beyond those being performed.
  static let lookahead = 64
  private static let ringMask = 2 * lookahead - 1
  private let open: OpenFile
  private let file: FileMapping
  private var cursor: PatternCursor
  /// A ring of two halves: the accesses being performed, and those behind them.
  private let buffer: UnsafeMutableBufferPointer<UInt32>
  /// Accesses known and performed so far.
  private var known = 0
  private var at = 0
  /// Accesses of this turn, where turns are taken.
  private var performed = 0
  private var page = 0
  private var stage = Stage.next
  /// The window that is open while the stage is `filling`.
  private var fill: WindowFill
  private var cost: UInt64 = 0
  /// Pages of the open window whose time is part of `cost` or was used.
  private var paidPages = 0
  /// What was read belongs to the working set: the task has waited for memory, not for the file.
  private var isStall = false
  /// When the access that is not a plain hit began.
  private var begun = Instant.boot
  /// Hits by what they cost: pages seen for the first time, again, and active ones.
  private var firstHits: UInt64 = 0
  private var secondHits: UInt64 = 0
  private var activeHits: UInt64 = 0

  /// - Parameter buffer: of twice `lookahead` numbers, the caller's.
  init(_ open: OpenFile, _ cursor: PatternCursor, buffer: UnsafeMutableBufferPointer<UInt32>) {
    self.open = open
    file = open.file
    fill = WindowFill(open.file)
    self.cursor = cursor
    self.buffer = buffer
  }

  /// Leaves position and stream where the next operation on this file goes on; hits are counted as
  /// reads of the task.
  func settle(_ memory: Memory, _ task: SimTask) {
    let costs = memory.profile.costs
    for (hits, price) in [
      (firstHits, costs.readFirstReference), (secondHits, costs.readSecondReference),
      (activeHits, costs.readActive),
    ] where hits > 0 { task.latencies.note(.read, price, count: hits) }
    open.position = cursor.position
    open.stream = cursor.stream
  }

  /// Performs accesses until something is needed.
  mutating func advance(_ memory: Memory, _ task: SimTask) -> Pause {
    while true {
      switch stage {
      case .next:
        if task.isDying { return .finished }
        if task.turnLength != .max { task.accessesLeft = task.turnLength - performed }
        if task.accessesLeft == 0 {
          performed = 0
          return .turn
        }
        if memory.stock.isOverHigh || task.overHigh != 0 { return .returnOverHigh }
        if cost != 0 {
          let spent = cost
          cost = 0
          if isStall { memory.beginStall(task) }
          if !task.trySpend(spent) { return .spend(spent) }
        }
        if isStall {
          memory.endStall(task)
          isStall = false
        }
        if let pause = hits(memory, task) { return pause }
      case .look:
        look(memory)
      case .missed:
        beginMiss(memory)
      case .filling(let then):
        if let need = fill.advance(memory, task) { return .needs(need) }
        finish(then, memory)
      case .accessed:
        access(memory)
        task.latencies.note(.read, (memory.timeline.now - begun).count &+ cost)
      case .refused:
        return .failed
      }
    }
  }

  /// Fulfils what a window needs. Where others may run meanwhile, the time it took so far is used
  /// first.
  mutating func meet(_ need: Need, _ memory: Memory, _ task: SimTask) async throws(Killed) {
    guard case .filling = stage else { preconditionFailure("no window open") }
    if case .charge = need {
    } else {
      if !open.isRandom { cost &+= pagesNotPaid * memory.profile.costs.readaheadPage }
      paidPages = fill.inserted
      let spent = cost
      cost = 0
      try await task.spend(spent)
    }
    try await memory.meet(need, &fill, task)
  }

  private var pagesNotPaid: UInt64 { UInt64(fill.inserted - paidPages) }

  // MARK: the quick way: present, no marker

  /// Accesses page after page as long as each is cached and unmarked.
  @inline(never) private mutating func hits(_ memory: Memory, _ task: SimTask) -> Pause? {
    let slots = memory.cache.slots, rows = memory.cache.frames.rows, base = file.base
    let costs = memory.profile.costs
    let draw = costs.draw(cursor.shape)
    while true {
      while known &- at <= Self.lookahead, cursor.remaining > 0 { lookFurther(memory) }
      if at == known { return .finished }
      if _slowPath(performed == task.turnLength) { return nil }
      performed &+= 1
      prefetchRow(memory)
      page = Int(buffer[at & Self.ringMask])
      at &+= 1
      let frame = slots[base &+ page].folio
      if frame == 0 {
        begun = memory.timeline.now
        stage = .missed
        return nil
      }
      let flags = rows[Int(frame)].flags
      if flags.contains(.readahead) {
        begun = memory.timeline.now
        stage = .look
        return nil
      }
      var price: UInt64
      if flags.contains(.active) {
        price = costs.readActive
        activeHits &+= 1
      } else if flags.contains(.referenced) {
        price = costs.readSecondReference
        secondHits &+= 1
      } else {
        price = costs.readFirstReference
        firstHits &+= 1
      }
      price &+= draw
      mark(frame, memory)
      if !task.trySpend(price) { return .spend(price) }
    }
  }

  /// Asks the pattern for half a ring of accesses and fetches their slots and nodes.
  private mutating func lookFurther(_ memory: Memory) {
    if memory.cutsShort { return cursor.end() }
    let first = known & Self.ringMask
    let half = UnsafeMutableBufferPointer(rebasing: buffer[first..<first + Self.lookahead])
    let n = cursor.fill(half)
    known &+= n
    let slots = memory.cache.slots + file.base
    let leaves = memory.cache.leaves.rows
    for k in 0..<n {
      let index = Int(half[k])
      memory_prefetch(slots + index)
      memory_prefetch(leaves + ((file.base &+ index) >> 6))
    }
  }

  /// Fetches the row of a later access, whose slot has arrived meanwhile.
  @inline(__always) private func prefetchRow(_ memory: Memory) {
    let next = at &+ 16
    guard next < known else { return }
    let frame = memory.cache.slots[file.base &+ Int(buffer[next & Self.ringMask])].folio
    memory_prefetch(memory.cache.frames.rows + Int(frame))
  }

  @inline(__always) private func mark(_ frame: UInt32, _ memory: Memory) {
    let counts: Bool
    switch memory.profile.readMarking {
    case .unlessContinued:
      counts = !(open.previousEnd > 0 && (open.previousEnd &- 1) >> 12 == page)
      open.previousEnd = (page &+ 1) << 12
    case .unlessSamePosition:
      counts = open.previousEnd != page << 12
      open.previousEnd = page << 12
    }
    if counts { memory.batches.markAccessed(frame) }
  }

  // MARK: the slow way

  private mutating func beginMiss(_ memory: Memory) {
    if open.isRandom {
      cost &+= memory.profile.costs.singleMiss
      begin(ReadaheadWindow(start: page, size: 1, lookahead: 0), then: .lookAgain)
    } else {
      begin(window(memory, marker: false), then: .lookAgain)
    }
  }

  private mutating func begin(
    _ window: ReadaheadWindow, gfp: GfpFlags = Self.readaheadFlags, then: After
  ) {
    fill.begin(window, gfp: gfp)
    paidPages = 0
    stage = .filling(then: then)
  }

  private mutating func window(_ memory: Memory, marker: Bool) -> ReadaheadWindow {
    cost &+= memory.profile.costs.readaheadWindow
    return open.nextWindow(at: page, requested: 1, marker: marker, memory)
  }

  private mutating func finish(_ then: After, _ memory: Memory) {
    if !open.isRandom { cost &+= pagesNotPaid &* memory.profile.costs.readaheadPage }
    isStall = isStall || fill.hasWorkingset
    memory.node.counters.add(4 * fill.inserted, to: .pgpgin)
    switch then {
    case .lookAgain:
      if memory.cache.slots[file.base &+ page].folio != 0 { stage = .look } else { secondTry() }
    case .giveUp:
      stage = memory.cache.slots[file.base &+ page].folio != 0 ? .accessed : .refused
    case .unhold:
      let frame = memory.cache.slots[file.base &+ page].folio
      if frame != 0 { memory.cache.frames.rows[Int(frame)].flags.remove(.held) }
      stage = .accessed
    }
  }

  /// The page is missing even after readahead: it is read alone, and this charge may try hard.
  private mutating func secondTry() {
    begin(
      ReadaheadWindow(start: page, size: 1, lookahead: 0), gfp: .highUserMovable, then: .giveUp)
  }

  /// The page is present; its marker asks for the next window, during which the reader holds it.
  private mutating func look(_ memory: Memory) {
    let rows = memory.cache.frames.rows
    let frame = Int(memory.cache.slots[file.base &+ page].folio)
    stage = .accessed
    guard rows[frame].flags.contains(.readahead) else { return }
    rows[frame].flags.remove(.readahead)
    if open.isRandom { return }
    rows[frame].flags.insert(.held)
    begin(window(memory, marker: true), then: .unhold)
  }

  private mutating func access(_ memory: Memory) {
    let frame = memory.cache.slots[file.base &+ page].folio
    if frame != 0 { mark(frame, memory) }
    if !open.isRandom { cost &+= memory.profile.costs.readFirstReference }
    stage = .next
  }

  /// Readahead neither insists nor warns, and must not enter the file system.
  static let readaheadFlags: GfpFlags = [.highUserMovable.subtracting(.fs), .noWarn, .noRetry]
}

extension Memory {
  /// One 4096-byte read per access of the pattern.
  /// - Returns: false when one of them failed for want of memory; those before it are done.
  func read(_ open: OpenFile, _ pattern: AccessPattern, for task: SimTask)
    async throws(Killed) -> Bool
  {
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 2 * ReadRun.lookahead)
    defer { buffer.deallocate() }
    let cursor = PatternCursor(
      pattern, size: open.file.pages, position: open.position, stream: open.stream,
      tables: zipfTables)
    var run = ReadRun(open, cursor, buffer: buffer)
    defer { run.settle(self, task) }
    while true {
      switch run.advance(self, task) {
      case .finished: return true
      case .failed: return false
      case .spend(let nanoseconds): try await task.spendOutside(nanoseconds)
      case .turn: try await nextTurn?(task)
      case .returnOverHigh: try await returnOverHigh(task)
      case .needs(let need):
        try await run.meet(need, self, task)
      }
    }
  }
}
