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
      prefetchVisit(behind: number)
      if mayReclaim(number, &control), isWorthAVisit(number, &control) { return number }
    }
    return nil
  }

  /// Most walks meet cgroups in the order of their numbers.
  @inline(__always) private func prefetchVisit(behind number: UInt16) {
    let ahead = Int(number) &+ 8
    guard ahead < tree.numbers else { return }
    memory_prefetch(tree.rows + ahead)
    memory_prefetch(tree.lruvecs + ahead)
    memory_prefetch(UnsafeRawPointer(tree.lruvecs + ahead) + 64)
  }

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
