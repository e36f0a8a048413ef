// SPDX-License-Identifier: Apache-2.0
// The books of list sizes: whoever moves folios between lists says so here, cgroup by cgroup.
//
// A list knows how long it is. What must be known besides: how long the lists of the whole node
// are, and which cgroups have changed since statistics were last published, for a flush visits
// those alone, be there ten cgroups or ten thousand; and which have changed since a walk of reclaim
// last looked, for it need not look at the others again.

import CMemory
package import UAPI

/// A handle; what it points into is the tree's.
struct ListBooks {
  /// What of a cgroup's own statistics the last flush has seen.
  struct Seen: Equatable {
    var sizes = ListSizes()
    var activations = PerKind()
  }

  struct Head {
    /// Sizes of all lists of the node together.
    var totals = ListSizes()
    /// How many cgroups have changed since the last flush.
    var changed = 0
    /// How many have changed since a walk last looked, the root left out.
    var unlooked = 0
    /// No cgroup but the root, and those that have changed since, reaches further.
    var reach: UInt8 = 0
    /// How often a walk has looked at a cgroup.
    var looks = 0
  }

  let head: UnsafeMutablePointer<Head>
  /// Numbers of the cgroups that have changed since the last flush, in the order in which they did.
  let changed: UnsafeMutablePointer<UInt16>
  /// By number, what has changed and somebody has not seen yet.
  let unseen: UnsafeMutablePointer<UInt8>
  let seen: UnsafeMutablePointer<Seen>
  /// By number, the first priority at which a scan takes nothing any more, as of the last look, and
  /// `hasNames`: the shrinkers of its names have something to count at every priority.
  let reach: UnsafeMutablePointer<UInt8>
  static let hasNames: UInt8 = 0x80
  /// The reach without the names: the first priority at which there is nothing to scan.
  @inline(__always) static func scans(_ reach: UInt8) -> UInt8 { reach & ~hasNames }
  /// Something else is to be done at every priority.
  static let always: UInt8 = 0x7F

  static let byFlush: UInt8 = 1, byWalk: UInt8 = 2

  /// Something has changed that flushes and walks look at.
  @inline(__always) func mark(_ memcg: UInt16) {
    if _slowPath(unseen[Int(memcg)] != Self.byFlush | Self.byWalk) { remember(memcg) }
  }

  /// A cgroup is gone: walks do not come to it any more.
  func left(_ memcg: UInt16) {
    if unseen[Int(memcg)] & Self.byWalk != 0 { looked(at: memcg, reach: 0) }
  }

  /// Everything has been published, which may have made ancestors change.
  func wasFlushed() {
    for k in 0..<head.pointee.changed { unseen[Int(changed[k])] &= ~Self.byFlush }
    head.pointee.changed = 0
  }

  /// A walk has looked at a cgroup.
  func looked(at memcg: UInt16, reach: UInt8) {
    self.reach[Int(memcg)] = reach
    unseen[Int(memcg)] &= ~Self.byWalk
    if memcg == MemcgTree.rootNumber { return }
    head.pointee.looks &+= 1
    head.pointee.unlooked -= 1
    head.pointee.reach = max(head.pointee.reach, reach)
  }

  @inline(never) private func remember(_ memcg: UInt16) {
    if unseen[Int(memcg)] & Self.byFlush == 0 {
      changed[head.pointee.changed] = memcg
      head.pointee.changed += 1
    }
    if unseen[Int(memcg)] & Self.byWalk == 0, memcg != MemcgTree.rootNumber {
      head.pointee.unlooked += 1
    }
    unseen[Int(memcg)] = Self.byFlush | Self.byWalk
  }

  /// `n` folios more on a list (ListIndex), or fewer.
  @inline(__always) func count(_ n: Int, _ list: Int) {
    UnsafeMutableRawPointer(head).assumingMemoryBound(to: Int.self)[list] &+= n
  }
}

extension MemcgTree {
  /// `n` folios left one list of a cgroup together: one update.
  @inline(__always) func listLost(_ n: Int, _ list: Int, of memcg: UInt16) {
    statistics.note(n)
    listHolds(-n, list, of: memcg)
  }

  /// A list has changed without an update: pages that boot has left.
  @inline(__always) func listHolds(_ n: Int, _ list: Int, of memcg: UInt16) {
    books.count(n, list)
    books.mark(memcg)
    accumulators?.add(n, toList: list, of: memcg)
  }

  /// A folio went from one list of its cgroup to another: two updates.
  @inline(__always) func listsExchanged(_ from: Int, _ to: Int, of memcg: UInt16) {
    statistics.noteOnes(2)
    listHolds(-1, from, of: memcg)
    listHolds(1, to, of: memcg)
  }

  /// `n` folios have joined the lists that their flags name: one update each.
  @inline(__always) func listsGained(
    _ frames: UnsafeMutablePointer<UInt32>, _ n: Int, _ rows: UnsafeMutablePointer<FrameRow>
  ) {
    statistics.noteOnes(n)
    for k in 0..<n {
      let row = rows + Int(frames[k])
      books.count(1, row.pointee.flags.home)
      books.mark(row.pointee.memcg)
    }
    guard let accumulators else { return }
    for k in 0..<n {
      let row = rows + Int(frames[k])
      accumulators.add(1, toList: row.pointee.flags.home, of: row.pointee.memcg)
    }
  }

  /// A refault made its folio active: one update.
  package func countActivation(_ counter: MemcgCounter, of memcg: UInt16) {
    add(1, to: counter, of: memcg)
    books.mark(memcg)
    statistics.note(1)
  }

  /// The cgroup's own part of what reclaim reads of the statistics, exact.
  func ownStatistics(_ number: UInt16) -> ListBooks.Seen {
    let counters = counters(number)
    return ListBooks.Seen(
      sizes: lruvec(number).pointee.sizes,
      activations: PerKind(
        anon: counters[MemcgCounter.workingset_activate_anon.rawValue],
        file: counters[MemcgCounter.workingset_activate_file.rawValue]))
  }

  /// Publishes exact values: what has changed since the last flush is added to each cgroup and its
  /// ancestors. Accumulators publish by themselves, whoever looks.
  package func publish() {
    if accumulators != nil { return }
    let n = books.head.pointee.changed
    for k in 0..<n {
      let number = books.changed[k]
      if k &+ 8 < n { prefetchStatistics(books.changed[k &+ 8]) }
      let now = ownStatistics(number), before = books.seen[Int(number)]
      books.seen[Int(number)] = now
      let sizes = now.sizes - before.sizes, activations = now.activations - before.activations
      var at = number
      while at != 0 {
        let lruvec = lruvec(at)
        lruvec.pointee.publishedSizes += sizes
        lruvec.pointee.publishedActivations += activations
        if !rows[Int(at)].isGone { books.mark(at) }
        at = rows[Int(at)].parent
      }
    }
    books.wasFlushed()
  }

  /// What publishing a cgroup's statistics will read.
  @inline(__always) private func prefetchStatistics(_ number: UInt16) {
    let lruvec = UnsafeRawPointer(lruvec(number))
    for line in 0..<3 { memory_prefetch(lruvec + line &* 64) }
    memory_prefetch(counters(number) + MemcgCounter.workingset_activate_anon.rawValue)
    memory_prefetch(books.seen + Int(number))
    memory_prefetch(rows + Int(number))
  }
}
