// SPDX-License-Identifier: Apache-2.0
// All cgroups of a machine: by path, by number, and in the order in which reclaim visits them.
//
// Rows of cgroups and lruvecs stand in arenas, indexed by number; 0 is none, 1 the root. A child is
// always younger than its parent, so one walk from the youngest to the oldest adds every subtree
// up.

import UAPI

package final class MemcgTree {
  static let limit = 1 << 16
  package static let rootNumber: UInt16 = 1

  private let rowArena: Arena<MemcgRow>
  private let lruvecArena: Arena<Lruvec>
  private let counterArena: Arena<Int>
  package let rows: UnsafeMutablePointer<MemcgRow>
  /// One lruvec for each cgroup of the node.
  let lruvecs: UnsafeMutablePointer<Lruvec>
  private let counterRows: UnsafeMutablePointer<Int>
  /// How many counters a cgroup has, at hand because the counters are another module's.
  private let width = MemcgCounter.count
  /// Where shadow lists live; set once the page cache exists.
  var leaves: LeafTable?
  /// Every cgroup that was ever made, by number.
  private var groups: [MemCgroup] = []
  private var index = CgroupIndex()
  /// Whether any cgroup was ever given protection.
  private(set) var knowsProtection = false
  /// How many of them there are to which something may be charged.
  private(set) var livingCount = 1
  package let root: MemCgroup
  /// The mount option memory_recursiveprot.
  let isProtectionRecursive: Bool
  package let statistics: StatisticFlush
  private let seenArena: Arena<ListBooks.Seen>
  private let changedArena: Arena<UInt16>
  private let byteArena: Arena<UInt8>
  let books: ListBooks
  /// Where statistics publish themselves; nil where a flush publishes them.
  package let accumulators: StatisticAccumulators?

  package init(profile: KernelProfile, recursiveProtection: Bool = false) throws(BootError) {
    isProtectionRecursive = recursiveProtection
    rowArena = try Arena(Self.limit, for: "cgroups")
    lruvecArena = try Arena(Self.limit, for: "lruvecs")
    counterArena = try Arena(Self.limit * MemcgCounter.count, for: "cgroup counters")
    rows = rowArena.rows
    lruvecs = lruvecArena.rows
    counterRows = counterArena.rows
    root = MemCgroup(number: Self.rootNumber, path: "/", parent: nil)
    statistics = StatisticFlush(profile)
    seenArena = try Arena(Self.limit, for: "published cgroup statistics")
    changedArena = try Arena(Self.limit, for: "changed cgroups")
    byteArena = try Arena(2 * Self.limit, for: "changes of cgroups")
    let head = UnsafeMutablePointer<ListBooks.Head>.allocate(capacity: 1)
    head.initialize(to: ListBooks.Head())
    books = ListBooks(
      head: head, changed: changedArena.rows, unseen: byteArena.rows, seen: seenArena.rows,
      reach: byteArena.rows + Self.limit)
    switch profile.memcgStatistics {
    case .flushedWhenPending: accumulators = nil
    case .accumulated:
      accumulators = try StatisticAccumulators(
        cgroups: Self.limit, rows: rowArena.rows, lruvecs: lruvecArena.rows, books: books,
        limit: profile.numbers.statBatch)
    }
    groups = [root]
    rows[1].liftLimits()
    books.mark(Self.rootNumber)
  }

  deinit { books.head.deallocate() }

  /// The cgroup's own part of memory.stat.
  @inline(__always) package func counters(_ number: UInt16) -> UnsafeMutablePointer<Int> {
    counterRows + Int(number) &* width
  }

  /// One update of a statistic; the flush is told by `statistics`.
  @inline(__always) func add(_ n: Int, to counter: MemcgCounter, of number: UInt16) {
    counters(number)[counter.place] &+= n
    accumulators?.add(n, to: counter, of: number)
  }

  /// `n` updates of 1, or of −1 where `n` is negative.
  @inline(__always) func addOnes(_ n: Int, to counter: MemcgCounter, of number: UInt16) {
    counters(number)[counter.place] &+= n
    accumulators?.addOnes(n, to: counter, of: number)
  }

  @inline(__always) package func lruvec(_ number: UInt16) -> UnsafeMutablePointer<Lruvec> {
    lruvecs + Int(number)
  }

  func cgroup(_ number: UInt16) -> MemCgroup { groups[Int(number) - 1] }

  /// Those to which something may be charged, in order of creation, the root first. For whoever
  /// shows them: what is done often follows the walk.
  var all: [MemCgroup] { groups.filter { !rows[Int($0.number)].isGone } }

  /// A removed cgroup is gone: nobody asks for it but those who know its number.
  func forget(_ number: UInt16) {
    rows[Int(number)].isGone = true
    livingCount -= 1
  }

  func noteProtection() { knowsProtection = true }

  /// A removed cgroup has no name from now on.
  func forgetName(of cgroup: MemCgroup) { index.remove(cgroup.number) }

  /// How many numbers have been given: the greatest, and one for 0.
  var numbers: Int { groups.count + 1 }

  /// The cgroup of a path such as "a/b"; nil when there is none.
  package func find(_ path: String) -> MemCgroup? {
    var at = root
    for part in CgroupPath.parts(path) {
      guard let child = child(of: at, named: part) else { return nil }
      at = child
    }
    return at
  }

  func child(of parent: MemCgroup, named name: String) -> MemCgroup? {
    let hash = CgroupIndex.hash(parent: parent.number, name: name)
    let number = index.find(hash) { number in
      rows[Int(number)].parent == parent.number && groups[Int(number) - 1].name == name
    }
    return number == 0 ? nil : groups[Int(number) - 1]
  }

  /// Makes one child; nil when no number is left.
  package func makeChild(of parent: MemCgroup, named name: String) -> MemCgroup? {
    guard groups.count + 1 < Self.limit else { return nil }
    let number = UInt16(groups.count + 1)
    let made = MemCgroup(
      number: number, path: parent.isRoot ? name : "\(parent.path)/\(name)", parent: parent)
    groups.append(made)
    index.insert(number, CgroupIndex.hash(parent: parent.number, name: name))
    livingCount += 1
    rows[Int(number)].liftLimits()
    link(number, below: parent.number)
    return made
  }

  /// True when `number` is `ancestor` or below it.
  package func isBelow(_ number: UInt16, _ ancestor: UInt16) -> Bool {
    var at = number
    while at != 0 {
      if at == ancestor { return true }
      at = rows[Int(at)].parent
    }
    return false
  }
}
