// SPDX-License-Identifier: Apache-2.0
// mmap, munmap and the end of a process: areas come, and what they held goes (reference 26 §26.3).
//
// Freed folios leave their lists at once and are uncharged together, a batch at a time, straight
// from the counters. Up to 6.12 the CPU's LRU batches are drained first.

import CMemory
import Timeline
import UAPI

extension Memory {
  /// Makes an area; nil when there is no room for it or its entries.
  func mapArea(_ name: String, _ kind: Area.Kind, pages: Int, open: OpenFile?, _ task: SimTask)
    async throws(Killed) -> Area?
  {
    await lockForWriting(task)
    defer { task.space.lock.unlock() }
    let size = profile.objects.area
    guard try await chargeObject(task.memcg, size, reclaimable: false, task) else { return nil }
    guard let place = areas.reserve(pages) else {
      objects.free(task.memcg, size, reclaimable: false)
      return nil
    }
    var offset: Int?
    if case .file(_, let from, _) = kind { offset = from }
    let area = Area(
      number: place.number, name: name, kind: kind, pages: pages, base: place.base,
      start: task.space.place(pages, file: offset != nil, offset: offset ?? 0), task: task,
      stream: RandomStreams(seed: seed).stream("\(task.name) touches \(name)"))
    area.open = open
    area.payer = task.memcg
    areas.add(area, owner: task.memcg)
    area.mapping?.file.areas.append(area)
    task.space.insert(area)
    try await task.spend(profile.costs.map)
    return area
  }

  /// munmap of a whole area.
  func unmapArea(_ area: Area, _ task: SimTask) async throws(Killed) {
    await lockForWriting(task)
    defer { task.space.lock.unlock() }
    var gather = FreedGather()
    await empty(area, 0..<area.pages, task, &gather)
    await finish(&gather, task)
    remove(area, task)
    try await task.spend(profile.costs.map)
  }

  /// The process ends: every area goes. One that was killed outside of the kernel cannot use the
  /// CPU any more; its memory goes at once.
  func unmapAll(_ task: SimTask) async {
    await lockForWriting(task)
    var gather = FreedGather()
    await freeProgramData(task, task, &gather)
    for area in task.space.areas { await empty(area, 0..<area.pages, task, &gather) }
    await finish(&gather, task)
    for area in task.space.areas { remove(area, task) }
    task.space.lock.unlock()
    task.isOomSkipped = true
    reaper.stop(for: task)
    if task.program.kernel > 0 { do { try await task.spend(profile.costs.exit) } catch {} }
  }

  /// Empties the entries of a part of an area, a page table's worth at a time; whoever does it, the
  /// task itself or the OOM reaper, pays for it. Stops when the area goes meanwhile.
  func empty(
    _ area: Area, _ range: Range<Int>, _ thread: SimThread, _ gather: inout FreedGather
  ) async {
    var at = range.lowerBound
    while at < range.upperBound, !area.isGone {
      let end = min(range.upperBound, at + AddressSpace.pagesPerTable)
      if thread === area.task { area.task.unsettled.settle() }
      let cost = zap(area, at..<end, &gather).cost(profile.costs)
      at = end
      gatheredPages += gather.change()
      if cost > 0 { do { try await thread.spend(cost) } catch {} }
      await makeRoom(&gather, thread)
    }
  }

  private func remove(_ area: Area, _ task: SimTask) {
    area.isGone = true
    for frame in task.space.freeTables(of: area) { freeTable(frame) }
    task.space.remove(area)
    if let file = area.mapping?.file { file.areas.removeAll { $0 === area } }
    areas.remove(area)
    for payer in [area.payer] + area.piecePayers {
      objects.free(payer, profile.objects.area, reclaimable: false)
    }
    if let payer = area.reverseMapPayer {
      for size in profile.objects.reverseMap { objects.free(payer, size, reclaimable: false) }
    }
    if case .shmem(let file) = area.kind { removeShmem(file, payer: area.payer) }
  }

  private func freeTable(_ frame: UInt32) {
    let memcg = tree.kernelPayer(frames.rows[Int(frame)].memcg)
    frames.rows[Int(frame)].flags = []
    if memcg != MemcgTree.rootNumber {
      tree.rows[Int(memcg)].kernelPages -= 1
      tree.add(-1, to: .pagetables, of: memcg)
      tree.statistics.noteOnes(2)
      stock.uncharge(memcg, 1)
    }
    node.counters.add(-1, to: .nr_page_table_pages)
    allocator.free(frame, order: 0)
  }

  /// Empties the entries of a range and frees what they held; answers what that costs.
  func zap(_ area: Area, _ range: Range<Int>) -> UInt64 {
    area.task.unsettled.settle()
    var gather = FreedGather()
    let zapped = zap(area, range, &gather)
    let freed = gather.frames.count
    for frame in gather.frames { freeLater(frame, frames.rows[Int(frame)].memcg) }
    settleFreed()
    return zapped.cost(profile.costs) + UInt64(freed) * profile.costs.pageFreed
  }

  /// What was found in entries that were emptied.
  private struct Zapped {
    var present = 0
    /// Entries of swap, and present pages whose slot is still theirs.
    var swapped = 0
    var locked = 0

    func cost(_ costs: Costs) -> UInt64 {
      UInt64(present) * costs.pageUnmapped + UInt64(swapped) * costs.slotReleased
        + UInt64(locked) * costs.pageUnlocked
    }
  }

  private func zap(_ area: Area, _ range: Range<Int>, _ gather: inout FreedGather) -> Zapped {
    batches.drain()
    var zapped = Zapped()
    var at = range.lowerBound
    fetch(area, at..<min(at + Self.zapPart, range.upperBound))
    while at < range.upperBound {
      let end = min(at + Self.zapPart, range.upperBound)
      fetch(area, end..<min(end + Self.zapPart, range.upperBound))
      fetchPlaces(area, at..<end)
      for index in at..<end { zapEntry(area, index, &gather, &zapped) }
      at = end
    }
    // Folios that only a slot of swap kept: the next to free something may be another task.
    settleFreed()
    return zapped
  }

  /// Entries that are emptied together: what they lead to has been fetched, in the order of pages,
  /// which has nothing to do with where rows and swap slots lie.
  private static let zapPart = 32

  /// Fetches the rows or swap slots of entries.
  private func fetch(_ area: Area, _ range: Range<Int>) {
    let rows = frames.rows
    for index in range {
      let entry = entries[area.base &+ index]
      if entry.isSwap {
        if let swapSlots { memory_prefetch(swapSlots + Int(entry.swapOffset)) }
      } else {
        memory_prefetch(rows + Int(entry.frame))
      }
    }
  }

  /// Fetches the places on their lists of pages whose rows have arrived.
  private func fetchPlaces(_ area: Area, _ range: Range<Int>) {
    for index in range {
      let entry = entries[area.base &+ index]
      if entry.isPresent { lists.prefetchPlace(of: entry.frame) }
    }
  }

  /// Empties an entry and counts what it held.
  @inline(__always) private func zapEntry(
    _ area: Area, _ index: Int, _ gather: inout FreedGather, _ zapped: inout Zapped
  ) {
    let entry = entries[area.base + index]
    if entry.isNone { return }
    noteFilled(area, area.base + index)
    entries[area.base + index] = .none
    if entry.isSwap {
      zapped.swapped &+= 1
      releaseSwap(entry.swapOffset)
      return
    }
    if entry.isZeroPage { return }
    zapped.present &+= 1
    let flags = frames.rows[Int(entry.frame)].flags
    if flags.contains(.anon) {
      if flags.contains(.swapCache) { zapped.swapped &+= 1 }
      if flags.contains(.unevictable) { zapped.locked &+= 1 }
      zapAnonymous(entry.frame, &gather)
    } else {
      if entry.isYoung, area.advice != .sequential { batches.markAccessed(entry.frame) }
      if entry.isDirty { frames.rows[Int(entry.frame)].flags.insert(.dirty) }
      unmapOne(entry.frame)
      gather.add(others: 1)
    }
  }

  private func zapAnonymous(_ frame: UInt32, _ gather: inout FreedGather) {
    let row = frames.rows[Int(frame)]
    countAnonymous(-1, row.memcg)
    if row.flags.contains(.swapCache) {
      if row.flags.hasAny(.writeback, .locked) {
        // Busy: it stays in the swap cache, mapped by nobody, until reclaim meets it.
        frames.rows[Int(frame)].slot = 0
        return
      }
      leaveSwapCache(frame, keeping: .empty)
    }
    if row.flags.contains(.unevictable) { node.counters.add(-1, to: .nr_mlock) }
    guard leaveList(frame) else { return }
    frames.rows[Int(frame)].flags = []
    gather.add(frame)
  }

  // MARK: freeing in batches

  /// Frees a folio that is on no list any more, together with others of its cgroup.
  func freeLater(_ frame: UInt32, _ memcg: UInt16) {
    if freedCount > 0, freedMemcg != memcg { settleFreed() }
    frames.rows[Int(frame)].flags = []
    freedMemcg = memcg
    freed[freedCount] = frame
    freedCount += 1
    if freedCount == profile.numbers.folioBatch { settleFreed() }
  }

  /// Uncharges and frees what was put off since the last time.
  func settleFreed() {
    guard freedCount > 0 else { return }
    stock.uncharge(freedMemcg, freedCount)
    tree.statistics.note(freedCount)
    allocator.free(freed, freedCount)
    freedCount = 0
  }
}
