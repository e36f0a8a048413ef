// SPDX-License-Identifier: Apache-2.0
// madvise: how memory will be used, and what is not needed any more (reference 26 §26.6, 08 §8.7).

import Timeline
import UAPI

extension Memory {
  /// - Returns: .done, or EINVAL where the advice does not fit the area.
  func advise(_ area: Area, _ advice: MemoryAdvice, _ range: Range<Int>, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    try await task.spend(profile.costs.advise)
    switch advice {
    case .normal:
      areas.advise(area, .normal)
    case .random:
      areas.advise(area, .random)
    case .sequential:
      areas.advise(area, .sequential)
    case .hugepage, .nohugepage:
      break  // Transparent huge pages are off on every machine that boots here.
    case .dontneed, .free, .cold, .pageout:
      return try await giveUp(area, advice, range, task)
    case .willneed:
      if let (file, offset) = area.mapping, case .file = area.kind {
        try await readAhead(
          file, from: range.lowerBound + offset, to: range.upperBound + offset, task)
      } else {
        try await readSwapped(area, range, task)
      }
    }
    return .done
  }

  /// Advice that takes pages away: up to the first page that is locked.
  private func giveUp(_ area: Area, _ advice: MemoryAdvice, _ range: Range<Int>, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    let locked = area.locked.first { $0.overlaps(range) }?.lowerBound ?? range.upperBound
    let part = range.lowerBound..<max(range.lowerBound, locked)
    switch advice {
    case .dontneed:
      let cost = part.isEmpty ? 0 : zap(area, part)
      try await task.spend(cost)
    case .free:
      guard case .anonymous = area.kind else { return .failed(.EINVAL) }
      if !part.isEmpty { markFree(area, part) }
    case .cold:
      markCold(area, part)
    default:
      try await pageOut(area, part, task)
    }
    return part == range ? .done : .failed(.EINVAL)
  }

  /// Pages of the range that this area alone maps and that are on an LRU list.
  private func exclusive(_ area: Area, _ range: Range<Int>) -> [UInt32] {
    range.compactMap { index in
      let entry = entries[area.base + index]
      guard entry.isPresent, !entry.isZeroPage else { return nil }
      let row = frames.rows[Int(entry.frame)]
      guard row.flags.contains(.anon) || row.link == 1, row.flags.contains(.lru),
        !row.flags.contains(.unevictable)
      else { return nil }
      return entry.frame
    }
  }

  private func clearReferences(_ frame: UInt32, _ area: Area, _ range: Range<Int>) {
    _ = referenced(frame, target: 0)
    frames.rows[Int(frame)].flags.remove(.referenced)
  }

  /// MADV_COLD: not touched lately after all; active pages go to the inactive list.
  private func markCold(_ area: Area, _ range: Range<Int>) {
    for frame in exclusive(area, range) {
      clearReferences(frame, area, range)
      if frames.rows[Int(frame)].flags.contains(.active) { batches.deactivate(frame) }
    }
  }

  /// MADV_FREE: may be dropped without being written, unless it is written to again.
  private func markFree(_ area: Area, _ range: Range<Int>) {
    batches.drain()
    for index in range {
      let entry = entries[area.base + index]
      if entry.isSwap {
        releaseSwap(entry.swapOffset)
        entries[area.base + index] = .none
      } else if entry.isPresent, !entry.isZeroPage,
        frames.rows[Int(entry.frame)].flags.isSuperset(of: [.anon, .swapBacked])
      {
        let row = frames.rows + Int(entry.frame)
        if row.pointee.flags.contains(.swapCache) {
          // Busy ones are left as they are.
          if row.pointee.flags.hasAny(.writeback, .locked) { continue }
          leaveSwapCache(entry.frame, keeping: .empty)
          row.pointee.flags.remove(.dirty)
        }
        entries[area.base + index] = entry.old.clean
        batches.lazyFree(entry.frame)
      }
    }
  }

  /// MADV_PAGEOUT: reclaimed at once, a table's worth of pages at a time. No scan is counted; pages
  /// that something still needs go back.
  private func pageOut(_ area: Area, _ range: Range<Int>, _ task: SimTask) async throws(Killed) {
    var index = range.lowerBound
    while index < range.upperBound {
      let end = min(range.upperBound, index + Self.batchCapacity)
      let frames = exclusive(area, index..<end)
      for frame in frames { clearReferences(frame, area, range) }
      swap?.device?.plug()
      let cost = reclaimFolios(frames)
      if cost > 0 { try await task.spend(cost) }
      try await swap?.device?.waitForPlace(task.fiber)
      swap?.device?.unplug()
      index = end
    }
  }
}
