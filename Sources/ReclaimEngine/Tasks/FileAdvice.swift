// SPDX-License-Identifier: Apache-2.0
// posix_fadvise: how a file will be read, pages wanted beforehand, pages not wanted any more
// (reference 25 §25.8, 26 §26.6).

import Timeline
import UAPI

extension Memory {
  /// Carries out one piece of advice over [from, from + length); a length of nil reaches to the end
  /// of the file.
  func advise(_ open: OpenFile, _ advice: FileAdvice, from: Int, length: Int?, _ task: SimTask)
    async throws(Killed)
  {
    try await task.spend(profile.costs.advise)
    let file = open.file
    let end = min(file.pages, length.map { from + $0 } ?? file.pages)
    switch advice {
    case .normal:
      open.isRandom = false
      open.readAheadPages = readAheadPages
    case .random:
      open.isRandom = true
    case .sequential:
      open.isRandom = false
      open.readAheadPages = 2 * readAheadPages
    case .noreuse:
      break  // No effect before 6.12.
    case .willneed:
      try await readAhead(file, from: from, to: end, task)
    case .dontneed:
      try await drop(file, from: from, to: end, task)
    }
  }

  /// Forced readahead: at most one request of the device in all, 2 MiB at a time, no marker.
  func readAhead(_ file: FileMapping, from: Int, to end: Int, _ task: SimTask)
    async throws(Killed)
  {
    let last = min(end, from + max(requestPages, readAheadPages))
    var at = from
    while at < last {
      let n = min(512, last - at)
      let window = ReadaheadWindow(start: at, size: n, lookahead: 0)
      try await fill(file, window, gfp: ReadRun.readaheadFlags, task)
      at += n
    }
  }

  /// Fills one window, waiting wherever a charge has to reclaim.
  func fill(_ file: FileMapping, _ window: ReadaheadWindow, gfp: GfpFlags, _ task: SimTask)
    async throws(Killed)
  {
    var fill = WindowFill(file)
    fill.begin(window, gfp: gfp)
    while let need = fill.advance(self, task) {
      try await meet(need, &fill, task)
    }
    node.counters.add(4 * fill.inserted, to: .pgpgin)
    try await task.spend(UInt64(fill.inserted) * profile.costs.readaheadPage)
  }

  /// Drops the clean pages of a range: after the CPU's batches are drained nothing else holds a
  /// page that is not locked.
  private func drop(_ file: FileMapping, from: Int, to end: Int, _ task: SimTask)
    async throws(Killed)
  {
    guard from < end else { return }
    batches.drain()
    try await invalidate(file, from: from, to: end, task)
  }

  /// Drops clean pages that nobody maps, locks or holds, and forgets the shadows among them. Freed
  /// folios are uncharged a batch at a time (reference 26 §26.3).
  func invalidate(_ file: FileMapping, from: Int, to end: Int, _ task: SimTask)
    async throws(Killed)
  {
    var next = from
    while next < end {
      let cost = dropSome(file, &next, to: end)
      if cost > 0 { try await task.spend(cost) }
    }
  }

  /// Drops what can be dropped of a file that nobody uses; answers how many pages that were.
  func invalidateUnused(_ file: FileMapping) -> Int {
    let before = node.counters[.nr_file_pages]
    var next = 0
    while next < file.pages { _ = dropSome(file, &next, to: file.pages) }
    return before - node.counters[.nr_file_pages]
  }

  /// Drops pages up to where nothing waits to be freed.
  /// - Parameter next: the first page; then the first that is left.
  /// - Returns: the CPU time that it took.
  private func dropSome(_ file: FileMapping, _ next: inout Int, to end: Int) -> UInt64 {
    var cost: UInt64 = 0
    let first = next
    while next < end {
      if cache.slots[file.base + next].isShadow {
        cache.forgetShadow(file, next)
        cost += profile.costs.shadowForgotten
      } else if dropFolio(file, next) {
        cost += profile.costs.pageInvalidated
      }
      next += 1
      if freedCount == 0, next - first >= profile.numbers.folioBatch { return cost }
    }
    settleFreed()
    return cost
  }

  private func dropFolio(_ file: FileMapping, _ index: Int) -> Bool {
    let frame = cache.slots[file.base + index].folio
    if frame == 0 { return false }
    let row = frames.rows + Int(frame)
    guard row.pointee.link == 0 else { return false }
    guard !row.pointee.flags.hasAny(.locked, .held), !row.pointee.flags.contains(.queued),
      row.pointee.flags.contains(.lru)
    else {
      batches.deactivateFile(frame)
      return false
    }
    let memcg = row.pointee.memcg
    let flags = row.pointee.flags
    lists.remove(frame, from: tree.lruvec(memcg).list(flags.listIndex))
    tree.listLost(1, flags.listIndex, of: memcg)
    cache.drop(file, index)
    freeLater(frame, memcg)
    return true
  }
}
