// SPDX-License-Identifier: Apache-2.0
// Which cgroup a walk visits next (reference 04 §4.3).
//
// A walk asks every cgroup below its target at every priority, and of ten thousand most have
// nothing to give: their lists are shorter than what the priority shifts away. Asking is all that
// is done to these, row by row without waiting, and it leaves behind what a visit would have left:
// protection as of now, its events, and what was passed over because of memory.low.

import CMemory
import UAPI

extension Memory {
  /// The next cgroup of the walk in which there is anything to do; nil at the end.
  @inline(never) func nextVisit(_ walk: inout ReclaimWalk, _ control: inout ScanControl) -> UInt16?
  {
    while let number = walk.next() {
      prefetchVisits(behind: number, control.priority)
      if mayReclaim(number, &control), isWorthAVisit(number, &control) { return number }
    }
    return nil
  }

  /// Fetches what visits will touch. Most walks meet cgroups in the order of their numbers, and the
  /// way from a number to the folios at the tail of its lists leads over six places, each known
  /// when the one before has arrived: so each step of the walk asks for the first place of a cgroup
  /// far ahead, and for the last of one that comes soon.
  @inline(__always) private func prefetchVisits(behind number: UInt16, _ priority: Int) {
    let ahead = Int(number) &+ 14
    guard ahead < tree.numbers else { return }
    memory_prefetch(tree.rows + ahead)
    let lruvec = UnsafeRawPointer(tree.lruvecs + ahead)
    memory_prefetch(lruvec)
    memory_prefetch(lruvec + 64)
    prefetchLists(of: tree.lruvecs + (ahead &- 4), priority) { lists, list in
      memory_prefetch(lists.chunks + Int(list.pointee.tail))
    }
    prefetchLists(of: tree.lruvecs + (ahead &- 7), priority) { lists, list in
      memory_prefetch(lists.slots + lists.tailPlace(of: list))
    }
    let counters = UnsafeRawPointer(tree.counters(UInt16(truncatingIfNeeded: ahead &- 7)))
    for line in 0..<Self.counterLines { memory_prefetch(counters + line &* 64) }
    prefetchLists(of: tree.lruvecs + (ahead &- 10), priority) { lists, list in
      memory_prefetch(lists.rows + Int(lists.slots[lists.tailPlace(of: list)]))
    }
    prefetchLists(of: tree.lruvecs + (ahead &- 12), priority) { lists, list in
      let slot = Int(lists.rows[Int(lists.slots[lists.tailPlace(of: list)])].slot)
      memory_prefetch(cache.slots + slot)
      memory_prefetch(cache.leaves.rows + (slot &>> 6))
    }
  }

  /// The lists of a cgroup that a scan at that priority will take folios from.
  @inline(__always) private func prefetchLists(
    of lruvec: UnsafeMutablePointer<Lruvec>, _ priority: Int,
    _ prefetch: (FolioLists, UnsafeMutablePointer<FolioList>) -> Void
  ) {
    for index in 0..<4 {
      let list = lruvec.list(index)
      if list.pointee.count &>> priority != 0 { prefetch(lists, list) }
    }
  }

  /// Cache lines that a cgroup's counters take.
  private static let counterLines = (MemcgCounter.count * 8 + 63) / 64

  /// Whether a visit would scan any list, age one, or ask a shrinker.
  private func isWorthAVisit(_ number: UInt16, _ control: inout ScanControl) -> Bool {
    if number == MemcgTree.rootNumber { return true }
    let row = tree.rows + Int(number), lruvec = tree.lruvec(number)
    var longest = max(
      max(lruvec.list(ListIndex.inactiveAnon).pointee.count, lruvec.list(1).pointee.count),
      max(lruvec.list(ListIndex.inactiveFile).pointee.count, lruvec.list(3).pointee.count))
    if row.pointee.effectiveMin | row.pointee.effectiveLow != 0, number != control.target.number {
      // However much is protected, a batch may be scanned.
      longest = max(longest, profile.numbers.swapClusterMax)
      if !control.reclaimsLow, row.pointee.effectiveLow > row.pointee.effectiveMin {
        control.skippedLow = true
      }
    }
    return longest >> control.priority != 0 || row.pointee.isOffline && longest > 0
      || freeableShadows(number) > 0 || canAgeAnonymous(number)
  }
}
