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
    let priority = UInt8(truncatingIfNeeded: control.priority)
    let head = tree.books.head
    walk.goesOn(looks: head.pointee.looks)
    while let number = walk.next() {
      prefetchVisits(behind: number, priority)
      // Where nothing is protected one byte tells; and one for all, where nothing has changed.
      if !tree.knowsProtection {
        let reach = reach(number)
        walk.met(reach)
        if reach <= priority {
          if head.pointee.unlooked == 0, head.pointee.reach <= priority { return nil }
          continue
        }
        // Nothing on its lists, but names: where too few for a scan, asking is the whole visit. A
        // cgroup without usage is below its min of nothing.
        if reach & ListBooks.hasNames != 0, ListBooks.scans(reach) <= priority {
          if tree.rows[Int(number)].usage == 0 || asksInVain(number, control) { continue }
          walk.visits(looks: head.pointee.looks)
          return number
        }
      }
      if mayReclaim(number, &control), isWorthAVisit(number, &control) {
        walk.visits(looks: head.pointee.looks)
        return number
      }
    }
    if !tree.knowsProtection, let furthest = walk.furthest { head.pointee.reach = furthest }
    return nil
  }

  /// The first priority at which a visit of the cgroup has nothing to scan, and whether its names
  /// are asked for at every one (ListBooks.reach).
  @inline(__always) private func reach(_ number: UInt16) -> UInt8 {
    if tree.books.unseen[Int(number)] & ListBooks.byWalk != 0 { lookAgain(number) }
    return tree.books.reach[Int(number)]
  }

  private func lookAgain(_ number: UInt16) {
    tree.books.looked(at: number, reach: reach(of: number))
  }

  /// The same as of now.
  func reach(of number: UInt16) -> UInt8 {
    let row = tree.rows + Int(number), lruvec = tree.lruvec(number)
    let longest = max(
      max(lruvec.list(0).pointee.count, lruvec.list(1).pointee.count),
      max(lruvec.list(2).pointee.count, lruvec.list(3).pointee.count))
    let isAlways =
      number == MemcgTree.rootNumber || row.pointee.shadowLeaves.count > 0
      || row.pointee.isOffline && longest > 0 || canAgeAnonymous(number)
    let scans =
      isAlways
      ? ListBooks.always : UInt8(truncatingIfNeeded: Int.bitWidth &- longest.leadingZeroBitCount)
    return names.hasAny(number) ? scans | ListBooks.hasNames : scans
  }

  /// Whether a visit would scan any list, age one, or ask a shrinker.
  private func isWorthAVisit(_ number: UInt16, _ control: inout ScanControl) -> Bool {
    let row = tree.rows + Int(number)
    var reach = reach(number)
    if row.pointee.effectiveMin | row.pointee.effectiveLow != 0, number != control.target.number {
      // However much is protected, a batch may be scanned.
      let batch = profile.numbers.swapClusterMax
      reach = max(reach, UInt8(truncatingIfNeeded: Int.bitWidth &- batch.leadingZeroBitCount))
      if !control.reclaimsLow, row.pointee.effectiveLow > row.pointee.effectiveMin {
        control.skippedLow = true
      }
    }
    return Int(reach) > control.priority
  }

  // MARK: what visits will touch

  /// Fetches what visits will touch. Most walks meet cgroups in the order of their numbers, and the
  /// way from a number to the folios at the tail of its lists leads over six places, each known
  /// when the one before has arrived: so each step of the walk asks for the first place of a cgroup
  /// far ahead, and for the last of one that comes soon.
  @inline(__always) private func prefetchVisits(behind number: UInt16, _ priority: UInt8) {
    let ahead = Int(number) &+ 14
    guard ahead < tree.numbers else { return }
    memory_prefetch(tree.rows + ahead)
    let reach = tree.books.reach + ahead
    if reach[0] & ListBooks.hasNames != 0 {
      memory_prefetch(names.lists(UInt16(truncatingIfNeeded: ahead), .cgroup))
    }
    if ListBooks.scans(reach[0]) > priority {
      let lruvec = UnsafeRawPointer(tree.lruvecs + ahead)
      memory_prefetch(lruvec)
      memory_prefetch(lruvec + 64)
    }
    if ListBooks.scans(reach[-4]) > priority {
      prefetchLists(of: tree.lruvecs + (ahead &- 4), priority) { lists, list in
        memory_prefetch(lists.chunks + Int(list.pointee.tail))
      }
    }
    if ListBooks.scans(reach[-7]) > priority {
      let counters = UnsafeRawPointer(tree.counters(UInt16(truncatingIfNeeded: ahead &- 7)))
      for line in 0..<Self.counterLines { memory_prefetch(counters + line &* 64) }
      prefetchLists(of: tree.lruvecs + (ahead &- 7), priority) { lists, list in
        memory_prefetch(lists.slots + lists.tailPlace(of: list))
      }
    }
    if ListBooks.scans(reach[-10]) > priority {
      prefetchLists(of: tree.lruvecs + (ahead &- 10), priority) { lists, list in
        memory_prefetch(lists.rows + Int(lists.tailFrame(of: list)))
      }
    }
    if ListBooks.scans(reach[-12]) > priority {
      prefetchLists(of: tree.lruvecs + (ahead &- 12), priority) { lists, list in
        let slot = Int(lists.rows[Int(lists.tailFrame(of: list))].slot)
        memory_prefetch(cache.slots + slot)
        memory_prefetch(cache.leaves.rows + (slot &>> 6))
      }
    }
  }

  /// The lists of a cgroup that a scan at that priority will take folios from.
  @inline(__always) private func prefetchLists(
    of lruvec: UnsafeMutablePointer<Lruvec>, _ priority: UInt8,
    _ prefetch: (FolioLists, UnsafeMutablePointer<FolioList>) -> Void
  ) {
    for index in 0..<4 {
      let list = lruvec.list(index)
      if list.pointee.count &>> Int(priority) != 0 { prefetch(lists, list) }
    }
  }

  /// Cache lines that a cgroup's counters take.
  private static let counterLines = (MemcgCounter.count * 8 + 63) / 64
}
