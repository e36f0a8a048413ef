// SPDX-License-Identifier: Apache-2.0
// Filling a window of the page cache: charge, nodes, frame, insertion, page by page (reference 25
// §25.3, 18 §18.7).
//
// A page has its frame first, is charged, and then gets a place in the tree: so a slab for its node
// is asked for when the frame has already taken its toll of the zone.
//
// The fill is a value that goes on where it stopped: it runs without waiting until a charge does
// not fit, says what it needs, and is resumed with the answer. Pages already cached are passed
// over; the folios of the window stay locked until it is complete.

import Timeline
import UAPI

/// What a run without waiting needs before it can go on.
enum Need {
  /// Pages to be charged to the task's cgroup, with these flags.
  case charge(pages: Int, gfp: GfpFlags)
  /// The task to answer for what it charged above a memory.high; nothing else.
  case throttle(gfp: GfpFlags)
  /// No zone can give a page without falling below its low mark.
  case frame(gfp: GfpFlags)
  /// Nor a slab of tree nodes.
  case slab(gfp: GfpFlags)
  /// Somebody else is to have the CPU.
  case turn
}

/// One window after the other of one file.
///
/// It is begun anew for each window and changed in place: a copy would count references to the file
/// for every page that a random read misses.
struct WindowFill {
  private enum Phase {
    case page, framed, charged, nodes, object
    /// The object of the missing node is charged.
    case nodeCharged
  }

  let file: FileMapping
  private var first = 0
  private var end = 0
  private var markAt = -1
  private var gfp: GfpFlags = []
  private var next = 0
  private var phase = Phase.page
  private var missing = MissingNode(level: 0, position: 0)
  private(set) var inserted = 0
  /// A frame for the next page.
  private var spare: UInt32 = 0
  /// Whether a page of the working set is among them: reading it is a stall.
  private(set) var hasWorkingset = false

  /// One of that file; nothing to do until it is begun.
  init(_ file: FileMapping) { self.file = file }

  /// - Parameter window: clipped at the end of the file; the marker may lie behind it and is then
  ///   lost.
  mutating func begin(_ window: ReadaheadWindow, gfp: GfpFlags) {
    first = window.start
    end = min(window.start + window.size, file.pages)
    markAt = window.lookahead > 0 ? window.start + window.size - window.lookahead : -1
    next = window.start
    self.gfp = gfp
    phase = .page
    inserted = 0
    hasWorkingset = false
  }

  /// Goes on until the window is full (nil) or something is needed.
  mutating func advance(_ memory: Memory, _ task: SimTask) -> Need? {
    let cache = memory.cache, memcg = task.memcg
    while next < end {
      if _slowPath(memory.processor.wantsSwitch) { return .turn }
      if phase == .page {
        if cache.slots[file.base &+ next].folio != 0 {
          next &+= 1
          continue
        }
        if spare == 0 {
          spare = memory.allocator.allocate(order: 0, .movable)
          if spare == 0 { return .frame(gfp: gfp) }
        }
        phase = .framed
        // Whom the frame has woken comes before the page is charged.
        if _slowPath(memory.processor.wantsSwitch) { return .turn }
      }
      if phase == .framed {
        if memory.stock.tryCharge(memcg, 1) != 0 { return .charge(pages: 1, gfp: gfp) }
        phase = .charged
        if memory.stock.isOverHigh, memory.noteHigh(task, gfp) { return .throttle(gfp: gfp) }
      }
      if phase == .charged {
        phase = .nodes
        memory.tree.statistics.note(1)
      }
      while let missing = cache.missingNode(file, next) {
        self.missing = missing
        let size = memory.profile.objects.treeNode
        if _slowPath(phase == .nodeCharged) {
          // It was charged before its slab was waited for.
        } else if memory.objects.tryCharge(memcg, size, reclaimable: true) != 0 {
          phase = .object
          return .charge(pages: ObjectCharges.pages(for: size), gfp: gfp)
        }
        if let need = makeNode(memory, memcg) { return need }
      }
      if _slowPath(phase == .nodeCharged) {
        // Another task made it meanwhile.
        memory.objects.free(memcg, memory.profile.objects.treeNode, reclaimable: true)
        phase = .nodes
      }
      if cache.slots[file.base &+ next].folio != 0 {
        // Another task was faster while this one waited: its charge is taken back.
        memory.stock.uncharge(memcg, 1)
        memory.tree.statistics.note(1)
        next &+= 1
        phase = .page
        continue
      }
      let frame = spare
      spare = 0
      cache.insert(
        file, next, frame, memcg: memcg, flags: next == markAt ? [.locked, .readahead] : .locked)
      inserted &+= 1
      hasWorkingset = hasWorkingset || memory.frames.rows[Int(frame)].flags.contains(.workingset)
      next &+= 1
      phase = .page
    }
    unlock(cache)
    if spare != 0 {
      memory.allocator.free(spare, order: 0)
      spare = 0
    }
    return nil
  }

  private mutating func makeNode(_ memory: Memory, _ memcg: UInt16) -> Need? {
    guard memory.slabs.take(.treeNode) else {
      phase = .nodeCharged
      return .slab(gfp: gfp.subtracting([.highmem, .movable, .hardwall]))
    }
    memory.cache.makeNode(file, missing, memcg: memcg)
    phase = .nodes
    return nil
  }

  /// The answer to a `.frame` that was needed; 0: the window ends here.
  mutating func supplied(_ frame: UInt32, _ memory: Memory) {
    spare = frame
    if frame == 0 { give(up: memory) }
  }

  /// The answer to a `.slab`. There is none: the window ends here.
  mutating func slabGrew(_ grew: Bool, _ memory: Memory, _ memcg: UInt16) {
    if grew { return }
    memory.objects.free(memcg, memory.profile.objects.treeNode, reclaimable: true)
    memory.stock.uncharge(memcg, 1)
    give(up: memory)
  }

  /// The answer to a `.charge` that was needed. Refused: the window ends here.
  mutating func charged(_ granted: Bool, _ memory: Memory, _ memcg: UInt16) -> Need? {
    switch (phase, granted) {
    case (.framed, true):
      phase = .nodes
      memory.tree.statistics.note(1)
    case (.framed, false):
      give(up: memory)
    case (_, true):
      let size = memory.profile.objects.treeNode
      memory.objects.chargedSlowly(memcg, size, reclaimable: true)
      phase = .nodes
      // Nodes came and went while the charge reclaimed: what is missing now gets this one.
      guard let missing = memory.cache.missingNode(file, next) else {
        memory.objects.free(memcg, size, reclaimable: true)
        return nil
      }
      self.missing = missing
      return makeNode(memory, memcg)
    case (_, false):
      memory.stock.uncharge(memcg, 1)
      give(up: memory)
    }
    return nil
  }

  private mutating func give(up memory: Memory) {
    next = end
    phase = .page
    unlock(memory.cache)
  }

  private func unlock(_ cache: PageCache) {
    for index in first..<max(first, end) {
      let frame = cache.slots[file.base &+ index].folio
      if frame != 0 { cache.frames.rows[Int(frame)].flags.remove(.locked) }
    }
  }
}

extension Memory {
  /// Sees to it that a window can go on.
  func meet(_ need: Need, _ fill: inout WindowFill, _ task: SimTask) async throws(Killed) {
    var need = need
    while true {
      switch need {
      case .charge(let pages, let gfp):
        let granted = try await charge(task.memcg, pages, gfp, task)
        guard let more = fill.charged(granted, self, task.memcg) else { return }
        need = more
      case .frame(let gfp):
        let request = AllocationRequest(mobility: .movable, gfp: gfp.union(profile.folios.flags))
        return fill.supplied(try await allocateSlowly(request, task), self)
      case .slab(let gfp):
        return fill.slabGrew(try await growSlab(.treeNode, gfp, task), self, task.memcg)
      case .throttle(let gfp):
        return try await answerForHigh(task, gfp)
      case .turn:
        return try await task.giveWayIfDue()
      }
    }
  }
}
