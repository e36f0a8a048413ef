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
    case .dontneed:
      if !area.locked.isEmpty { return .failed(.EINVAL) }
      let freed = zap(area, range)
      try await task.spend(UInt64(freed) * profile.costs.pageUnmapped)
    case .free:
      guard case .anonymous = area.kind, area.locked.isEmpty else { return .failed(.EINVAL) }
      markFree(area, range)
    case .cold:
      if !area.locked.isEmpty { return .failed(.EINVAL) }
      markCold(area, range)
    case .pageout:
      if !area.locked.isEmpty { return .failed(.EINVAL) }
      try await pageOut(area, range, task)
    case .willneed:
      if let (file, offset) = area.mapping, case .file = area.kind {
        try await readAhead(
          file, from: range.lowerBound + offset, to: range.upperBound + offset, task)
      }
    // Swapped pages of a synchronous device are not read ahead.
    }
    return .done
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
        entries[area.base + index] = entry.old.clean
        batches.lazyFree(entry.frame)
      }
    }
  }

  /// MADV_PAGEOUT: reclaimed at once, a table's worth of pages at a time. No scan is counted; pages
  /// that something still needs go back.
  private func pageOut(_ area: Area, _ range: Range<Int>, _ task: SimTask) async throws(Killed) {
    if case .file(_, _, let shared) = area.kind, shared { return }
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
