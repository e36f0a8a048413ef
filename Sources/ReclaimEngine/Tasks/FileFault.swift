// SPDX-License-Identifier: Apache-2.0
// A fault on a mapped file: map what is cached around it, or read around it (reference 25 §25.7).
//
// A read fault first maps every cached page of the aligned window of 16 that carries no marker. The
// marker page itself takes the slow way and asks for the next window. A missing page is read with
// its neighbours, unless such reading has missed too often lately.

import Timeline
import UAPI

extension Memory {
  private static let faultAround = 16
  /// Misses minus hits beyond which a miss reads one page, and where counting them stops.
  private static let missLimit = 100

  func fileFault(
    _ area: Area, _ index: Int, _ file: FileMapping, _ page: Int, write: Bool, shared: Bool,
    _ task: SimTask
  ) async throws(Killed) -> Bool {
    if write {
      precondition(!shared, "writing to a shared file mapping is refused at the front door")
      return try await copyOnWrite(area, index, file, page, task)
    }
    let around = mapAround(area, index, file, page)
    try await task.spend(
      profile.costs.fileFault + UInt64(around) * profile.costs.faultAroundPage)
    if entries[area.base + index].isPresent { return true }
    guard try await bring(file, page, area, task) else { return false }
    // Reading gave up the lock on the address space, so the fault is handled once more from the
    // beginning: what was read around is mapped around.
    countFault(.pgfault, .pgfault, task.memcg)
    _ = mapAround(area, index, file, page)
    let frame = cache.slots[file.base + page].folio
    if frame != 0, entries[area.base + index].isNone { map(frame, area, index) }
    return true
  }

  /// Maps cached pages of the window around a fault; answers how many.
  func mapAround(_ area: Area, _ index: Int, _ file: FileMapping, _ page: Int) -> Int {
    let virtual = area.start + index
    let begin = max(virtual & ~(Self.faultAround - 1), area.start)
    // Where the area begins inside of an aligned window, 16 pages from there, not what is left of
    // the window (recordings of areas that begin so: minor faults, and which pages are young).
    let end = min(
      begin + Self.faultAround - 1, area.start + area.pages - 1,
      begin | (AddressSpace.pagesPerTable - 1))
    let first = begin - area.start, last = end - area.start
    var mapped = 0
    for at in first...last where entries[area.base + at].isNone {
      let wanted = page + at - index
      guard wanted >= 0, wanted < file.pages else { continue }
      let frame = cache.slots[file.base + wanted].folio
      guard frame != 0, !frames.rows[Int(frame)].flags.hasAny(.locked, .readahead) else { continue }
      map(frame, area, at)
      if let open = area.open { open.readMisses = max(0, open.readMisses - 1) }
      mapped += 1
    }
    return mapped
  }

  /// Maps a folio of a file; it is young. Only memory whose first store nobody has to be told of is
  /// writable at once.
  func map(_ frame: UInt32, _ area: Area, _ index: Int, dirty: Bool = false) {
    entries[area.base + index] = PageTableEntry(
      frame: frame, writable: area.isShmem, dirty: dirty)
    let row = frames.rows + Int(frame)
    row.pointee.link += 1
    if area.isLocked(index) { makeUnevictable(frame) }
    guard row.pointee.link == 1 else { return }
    node.counters.add(1, to: .nr_mapped)
    tree.add(1, to: .file_mapped, of: row.pointee.memcg)
    tree.statistics.note(1)
  }

  /// Sees to it that a page of the file is in the cache, with the readahead that mapped reads get.
  /// False: there was no memory for it.
  private func bring(_ file: FileMapping, _ page: Int, _ area: Area, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    guard let open = area.open else { preconditionFailure("a mapped file that nobody opened") }
    let frame = cache.slots[file.base + page].folio
    if frame != 0 {
      open.readMisses = max(0, open.readMisses - 1)
      let row = frames.rows + Int(frame)
      guard row.pointee.flags.contains(.readahead), area.advice != .random else {
        return true
      }
      row.pointee.flags.remove(.readahead)
      row.pointee.flags.insert(.held)
      let next = open.nextWindow(
        at: page, requested: open.readAheadPages, marker: true, self)
      try await fill(file, next, gfp: ReadRun.readaheadFlags, task)
      row.pointee.flags.remove(.held)
      return true
    }
    countFault(.pgmajfault, .pgmajfault, task.memcg)
    if let around = missWindow(open, page, area) {
      try await fill(file, around, gfp: ReadRun.readaheadFlags, task)
    }
    if cache.slots[file.base + page].folio == 0 {
      let alone = ReadaheadWindow(start: page, size: 1, lookahead: 0)
      try await fill(file, alone, gfp: .highUserMovable, task)
    }
    return cache.slots[file.base + page].folio != 0
  }

  /// What a missing page of a mapping is read with; nil: nothing but itself.
  private func missWindow(_ open: OpenFile, _ page: Int, _ area: Area) -> ReadaheadWindow? {
    switch area.advice {
    case .random:
      return nil
    case .sequential:
      return open.nextWindow(
        at: page, requested: open.readAheadPages, marker: false, self)
    case .normal:
      open.readMisses = min(open.readMisses + 1, 10 * Self.missLimit)
      if open.readMisses > Self.missLimit { return nil }
      let size = open.readAheadPages
      open.readahead = ReadaheadState(
        start: max(0, page - size / 2), size: size, lookahead: size / 4)
      return ReadaheadWindow(
        start: open.readahead.start, size: size, lookahead: open.readahead.lookahead)
    }
  }

  /// The first write to a page of a private mapping: an anonymous page of the task's own takes its
  /// place; the file's page stays as it is.
  private func copyOnWrite(
    _ area: Area, _ index: Int, _ file: FileMapping, _ page: Int, _ task: SimTask
  ) async throws(Killed) -> Bool {
    let memcg = task.memcg
    guard try await makeReverseMap(area, task),
      try await chargePage(memcg, gfp: .kernel, task)
    else { return false }
    tree.statistics.note(1)
    let copy = try await allocate(.movable, .highUserMovable, task)
    if copy == 0 {
      stock.uncharge(memcg, 1)
      return false
    }
    // Until it is on its way to a list nothing can find it.
    frames.rows[Int(copy)] = FrameRow(position: 0, slot: 0, link: 0, flags: .kernel, memcg: memcg)
    let entry = entries + (area.base + index)
    if entry.pointee.isPresent {
      let original = entry.pointee.frame
      entry.pointee = .none
      unmapOne(original)
    } else if cache.slots[file.base + page].folio == 0, try await !bring(file, page, area, task) {
      freeLater(copy, memcg)
      settleFreed()
      return false
    }
    enter(copy, area, index, memcg)
    entry.pointee = PageTableEntry(frame: copy, writable: true, dirty: true)
    countAnonymous(1, memcg)
    task.unsettled.mappedAnonymous()
    try await task.spend(profile.costs.anonymousFault)
    return true
  }

  /// One mapping of a file's folio is gone, and its entry empty.
  func unmapOne(_ frame: UInt32) {
    frames.rows[Int(frame)].link -= 1
    if frames.rows[Int(frame)].flags.contains(.unevictable) { munlock(frame) }
    if frames.rows[Int(frame)].link == 0 { noteUnmapped(frame) }
  }
}
