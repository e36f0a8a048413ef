// SPDX-License-Identifier: Apache-2.0
// mlock and munlock: pages that reclaim must not touch (reference 26 §26.5, 6.1 rules).
//
// A page that is mapped where it is locked, or locked where it is mapped, stands on the unevictable
// list; it leaves it with the last mapping that locks it.

import Timeline
import UAPI

extension Memory {
  /// mlock of a range: what is there goes to the unevictable list, what is missing is brought in.
  /// - Returns: false when there was no memory for it.
  func lock(_ area: Area, _ range: Range<Int>, _ task: SimTask) async throws(Killed) -> Bool {
    let more = area.addLocked(range)
    guard try await keepPieces(of: area, more, task) else { return false }
    for index in range {
      let entry = entries[area.base + index]
      if entry.isPresent, !entry.isZeroPage { makeUnevictable(entry.frame) }
    }
    batches.drain()
    // Brought in as a write would only where that makes pages of the area's own.
    let write = if case .anonymous = area.kind { true } else { false }
    for index in range {
      while !entries[area.base + index].permits(write: write) {
        guard try await fault(area, index, write: write, task) else { return false }
        // The reaper may empty what was just brought in: a dying task does not go on.
        if task.isDying { return true }
      }
    }
    batches.drain()
    return true
  }

  /// munlock of a range.
  /// - Returns: false when there was no memory for dividing the area.
  func unlock(_ area: Area, _ range: Range<Int>, _ task: SimTask) async throws(Killed) -> Bool {
    let more = area.removeLocked(range)
    guard try await keepPieces(of: area, more, task) else { return false }
    batches.drain()
    for index in range {
      let entry = entries[area.base + index]
      guard entry.isPresent, !entry.isZeroPage else { continue }
      munlock(entry.frame)
    }
    try await task.spend(profile.costs.map)
    return true
  }

  /// Charges the areas that the kernel keeps besides, or frees those that were joined.
  private func keepPieces(of area: Area, _ more: Int, _ task: SimTask) async throws(Killed) -> Bool
  {
    await lockForWriting(task)
    defer { task.space.lock.unlock() }
    let size = profile.objects.area
    for _ in 0..<max(0, more) {
      guard try await chargeObject(task.memcg, size, reclaimable: false, task) else { return false }
      area.piecePayers.append(task.memcg)
    }
    for _ in 0..<max(0, -more) {
      guard let payer = area.piecePayers.popLast() else { break }
      objects.free(payer, size, reclaimable: false)
    }
    return true
  }

  func makeUnevictable(_ frame: UInt32) {
    let row = frames.rows + Int(frame)
    guard !row.pointee.flags.contains(.unevictable) else { return }
    node.counters.add(1, to: .nr_mlock)
    if row.pointee.flags.contains(.lru) {
      let lruvec = tree.lruvec(row.pointee.memcg)
      let list = row.pointee.flags.listIndex
      lists.remove(frame, from: lruvec.list(list))
      row.pointee.flags.insert(.unevictable)
      row.pointee.flags.remove(.active)
      lists.push(frame, on: lruvec.list(ListIndex.unevictable))
      tree.listsExchanged(list, ListIndex.unevictable, of: row.pointee.memcg)
    } else {
      row.pointee.flags.insert(.unevictable)
    }
  }

  /// A mapping that locked the folio is gone or locks it no longer: it may be reclaimed again,
  /// unless another one locks it still.
  func munlock(_ frame: UInt32) {
    let row = frames.rows + Int(frame)
    guard row.pointee.flags.contains(.unevictable) else { return }
    if !row.pointee.flags.contains(.anon) {
      var isLocked = false
      forEachMapping(frame) { area, entry in
        isLocked = isLocked || area.isLocked(entry - area.base)
      }
      if isLocked { return }
    }
    node.counters.add(-1, to: .nr_mlock)
    row.pointee.flags.remove(.unevictable)
    guard row.pointee.flags.contains(.lru) else { return }
    let lruvec = tree.lruvec(row.pointee.memcg)
    lists.remove(frame, from: lruvec.list(ListIndex.unevictable))
    let list = row.pointee.flags.listIndex
    lists.push(frame, on: lruvec.list(list))
    tree.listsExchanged(ListIndex.unevictable, list, of: row.pointee.memcg)
  }
}

extension Area {
  /// Adds a locked range; answers how many more areas the kernel keeps for it, or fewer.
  func addLocked(_ range: Range<Int>) -> Int {
    let before = pieces
    var all = locked.filter {
      !$0.overlaps(range) && $0.upperBound != range.lowerBound
        && $0.lowerBound != range.upperBound
    }
    let joined = locked.filter { !all.contains($0) } + [range]
    all.append(joined.map(\.lowerBound).min()!..<joined.map(\.upperBound).max()!)
    locked = all.sorted { $0.lowerBound < $1.lowerBound }
    return pieces - before
  }

  /// Takes a range out of what is locked; answers how many more areas the kernel keeps for it, or
  /// fewer.
  func removeLocked(_ range: Range<Int>) -> Int {
    let before = pieces
    locked = locked.flatMap { old -> [Range<Int>] in
      [
        old.lowerBound..<min(old.upperBound, max(old.lowerBound, range.lowerBound)),
        max(old.lowerBound, min(old.upperBound, range.upperBound))..<old.upperBound,
      ].filter { !$0.isEmpty }
    }
    return pieces - before
  }

  /// Areas that the kernel keeps for it: one for each stretch that is locked or not.
  private var pieces: Int { locked.count + unlocked.count }

  /// The stretches that are not locked, in order.
  var unlocked: [Range<Int>] {
    var stretches: [Range<Int>] = []
    var at = 0
    for range in locked {
      if at < range.lowerBound { stretches.append(at..<range.lowerBound) }
      at = range.upperBound
    }
    if at < pages { stretches.append(at..<pages) }
    return stretches
  }
}
