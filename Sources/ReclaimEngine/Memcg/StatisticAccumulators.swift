// SPDX-License-Identifier: Apache-2.0
// How memcg statistics are published: 5.10's accumulators (reference 16 §16.9).
//
// Each statistic of each cgroup has an accumulator, zero when the cgroup is made. When an update
// takes it beyond 32, up or down, all of it is added to the published value of the cgroup and of
// every ancestor. No time passes and nobody flushes: what grows by ones is seen in steps of 33, and
// reclaim decides on lists that are up to 32 pages larger or smaller than it thinks.

package import UAPI

/// Rows of cgroups, indexed by counter. A class, although it changes nothing of its own: a
/// structure of so many words would be copied wherever a page is counted, for the rare update that
/// publishes.
package final class StatisticAccumulators {
  private let arena: Arena<Int>
  private let collected: UnsafeMutablePointer<Int>
  private let published: UnsafeMutablePointer<Int>
  private let rows: UnsafeMutablePointer<MemcgRow>
  private let lruvecs: UnsafeMutablePointer<Lruvec>
  private let books: ListBooks
  /// What an accumulator may hold.
  private let limit: Int
  // Numbers of counters, at hand because the counters are another module's.
  private let width = MemcgCounter.count
  private let firstList = MemcgCounter.inactive_anon.rawValue
  private let activateAnon = MemcgCounter.workingset_activate_anon.rawValue
  private let activateFile = MemcgCounter.workingset_activate_file.rawValue

  /// For that many cgroups.
  init(
    cgroups: Int, rows: UnsafeMutablePointer<MemcgRow>, lruvecs: UnsafeMutablePointer<Lruvec>,
    books: ListBooks, limit: Int
  ) throws(BootError) {
    let n = cgroups * MemcgCounter.count
    arena = try Arena(2 * n, for: "accumulators of cgroup counters")
    collected = arena.rows
    published = arena.rows + n
    self.rows = rows
    self.lruvecs = lruvecs
    self.books = books
    self.limit = limit
  }

  /// The published value, descendants included; it may be less than nothing.
  package func value(_ counter: MemcgCounter, of memcg: UInt16) -> Int {
    published[Int(memcg) &* width &+ counter.place]
  }

  /// What an accumulator has collected and not published: for the invariants.
  func waiting(_ counter: MemcgCounter, of memcg: UInt16) -> Int {
    collected[Int(memcg) &* width &+ counter.place]
  }

  /// One update of that amount.
  @inline(__always) package func add(_ n: Int, to counter: MemcgCounter, of memcg: UInt16) {
    collect(n, counter.place, memcg, limit)
  }

  /// An update of 1 and one that takes it back: what waits may go out in between.
  @inline(__always) func addPassing(_ counter: MemcgCounter, of memcg: UInt16) {
    collect(1, counter.place, memcg, limit)
    collect(-1, counter.place, memcg, limit)
  }

  /// The same of a statistic in bytes: as many pages' worth of them may wait.
  package func addBytes(_ n: Int, to counter: MemcgCounter, of memcg: UInt16) {
    collect(n, counter.place, memcg, limit << 12)
  }

  /// One update of the size of a list (ListIndex).
  @inline(__always) func add(_ n: Int, toList list: Int, of memcg: UInt16) {
    collect(n, firstList &+ list, memcg, limit)
  }

  /// `n` updates of 1, or of −1 where `n` is negative: what they publish goes out in steps of one
  /// more than an accumulator may hold.
  package func addOnes(_ n: Int, to counter: MemcgCounter, of memcg: UInt16) {
    let at = Int(memcg) &* width &+ counter.place, step = limit &+ 1
    let sum = collected[at] &+ n
    let reaches = n > 0 ? sum >= step : sum <= -step
    let rest = reaches ? sum % step : sum
    collected[at] = rest
    if reaches { publish(sum &- rest, counter.place, memcg) }
  }

  /// Whatever waits is published: the cgroup is going.
  func publishAll(of memcg: UInt16) {
    for counter in 0..<width {
      let at = Int(memcg) &* width &+ counter
      let sum = collected[at]
      collected[at] = 0
      if sum != 0 { publish(sum, counter, memcg) }
    }
  }

  @inline(__always) private func collect(
    _ n: Int, _ counter: Int, _ memcg: UInt16, _ limit: Int
  ) {
    let at = Int(memcg) &* width &+ counter
    let sum = collected[at] &+ n
    if _slowPath(UInt(bitPattern: sum &+ limit) > UInt(bitPattern: 2 &* limit)) {
      collected[at] = 0
      publish(sum, counter, memcg)
    } else {
      collected[at] = sum
    }
  }

  @inline(never) private func publish(_ n: Int, _ counter: Int, _ memcg: UInt16) {
    var at = memcg
    while at != 0 {
      let sum = published[Int(at) &* width &+ counter] + n
      published[Int(at) &* width &+ counter] = sum
      show(sum, counter, lruvecs + Int(at))
      books.mark(at)
      at = rows[Int(at)].parent
    }
  }

  /// What reclaim reads. Where more left than had been published before, it sees nothing, not less.
  private func show(_ sum: Int, _ counter: Int, _ lruvec: UnsafeMutablePointer<Lruvec>) {
    let seen = max(0, sum)
    switch counter - firstList {
    case ListIndex.inactiveAnon: lruvec.pointee.publishedSizes.inactiveAnon = seen
    case ListIndex.activeAnon: lruvec.pointee.publishedSizes.activeAnon = seen
    case ListIndex.inactiveFile: lruvec.pointee.publishedSizes.inactiveFile = seen
    case ListIndex.activeFile: lruvec.pointee.publishedSizes.activeFile = seen
    case ListIndex.unevictable: lruvec.pointee.publishedSizes.unevictable = seen
    default:
      if counter == activateAnon { lruvec.pointee.publishedActivations.anon = seen }
      if counter == activateFile { lruvec.pointee.publishedActivations.file = seen }
    }
  }
}
