// SPDX-License-Identifier: Apache-2.0
// How memcg statistics are published: 5.10's accumulators (reference 16 §16.9).
//
// Each statistic of each cgroup has an accumulator, zero when the cgroup is made. When an update
// takes it beyond 32, up or down, all of it is added to the published value of the cgroup and of
// every ancestor. No time passes and nobody flushes: what grows by ones is seen in steps of 33, and
// reclaim decides on lists that are up to 32 pages larger or smaller than it thinks.

package import UAPI

/// A handle: the accumulators live in arenas of the tree, indexed by cgroup and counter.
package struct StatisticAccumulators {
  private let waiting: UnsafeMutablePointer<Int>
  private let published: UnsafeMutablePointer<Int>
  private let rows: UnsafeMutablePointer<MemcgRow>
  private let lruvecs: UnsafeMutablePointer<Lruvec>
  /// What an accumulator may hold.
  private let limit: Int

  init(
    waiting: UnsafeMutablePointer<Int>, published: UnsafeMutablePointer<Int>,
    rows: UnsafeMutablePointer<MemcgRow>, lruvecs: UnsafeMutablePointer<Lruvec>, limit: Int
  ) {
    self.waiting = waiting
    self.published = published
    self.rows = rows
    self.lruvecs = lruvecs
    self.limit = limit
  }

  /// The published value, descendants included; it may be less than nothing.
  package func value(_ counter: MemcgCounter, of memcg: UInt16) -> Int {
    published[Self.index(counter, memcg)]
  }

  /// What an accumulator has collected and not published: for the invariants.
  func waiting(_ counter: MemcgCounter, of memcg: UInt16) -> Int {
    waiting[Self.index(counter, memcg)]
  }

  /// One update of that amount.
  package func add(_ n: Int, to counter: MemcgCounter, of memcg: UInt16) {
    let at = Self.index(counter, memcg)
    let sum = waiting[at] &+ n
    guard abs(sum) > (counter.isBytes ? limit << 12 : limit) else {
      waiting[at] = sum
      return
    }
    waiting[at] = 0
    publish(sum, counter, memcg)
  }

  /// `n` updates of 1, or of −1 where `n` is negative: what they publish goes out in steps of one
  /// more than an accumulator may hold.
  package func addOnes(_ n: Int, to counter: MemcgCounter, of memcg: UInt16) {
    let at = Self.index(counter, memcg), step = limit &+ 1
    let sum = waiting[at] &+ n
    let rest = n > 0 ? (sum >= step ? sum % step : sum) : (sum <= -step ? sum % step : sum)
    waiting[at] = rest
    if sum != rest { publish(sum &- rest, counter, memcg) }
  }

  private func publish(_ n: Int, _ counter: MemcgCounter, _ memcg: UInt16) {
    var at = memcg
    while at != 0 {
      let sum = published[Self.index(counter, at)] + n
      published[Self.index(counter, at)] = sum
      // What was collected upwards and not published may leave less than nothing: readers see 0.
      let seen = max(0, sum)
      let lruvec = lruvecs + Int(at)
      switch counter {
      case .inactive_anon: lruvec.pointee.publishedSizes.inactiveAnon = seen
      case .active_anon: lruvec.pointee.publishedSizes.activeAnon = seen
      case .inactive_file: lruvec.pointee.publishedSizes.inactiveFile = seen
      case .active_file: lruvec.pointee.publishedSizes.activeFile = seen
      case .unevictable: lruvec.pointee.publishedSizes.unevictable = seen
      case .workingset_activate_anon: lruvec.pointee.publishedActivations.anon = seen
      case .workingset_activate_file: lruvec.pointee.publishedActivations.file = seen
      default: break
      }
      at = rows[Int(at)].parent
    }
  }

  @inline(__always) private static func index(_ counter: MemcgCounter, _ memcg: UInt16) -> Int {
    Int(memcg) &* MemcgCounter.count &+ counter.rawValue
  }
}

extension MemcgCounter {
  /// Kept in bytes, so that an accumulator holds that many pages' worth of them.
  fileprivate var isBytes: Bool { self == .slab_reclaimable || self == .slab_unreclaimable }

  /// The size of one of the five lists (ListIndex).
  static func size(ofList list: Int) -> MemcgCounter {
    MemcgCounter(rawValue: MemcgCounter.inactive_anon.rawValue + list)!
  }
}

extension MemcgTree {
  /// `n` folios left one list of a cgroup together: one update.
  @inline(__always) func listLost(_ n: Int, _ list: Int, of memcg: UInt16) {
    statistics.note(n)
    accumulators?.add(-n, to: .size(ofList: list), of: memcg)
  }

  /// A folio went from one list of its cgroup to another: two updates.
  @inline(__always) func listsExchanged(_ from: Int, _ to: Int, of memcg: UInt16) {
    statistics.noteOnes(2)
    guard let accumulators else { return }
    accumulators.add(-1, to: .size(ofList: from), of: memcg)
    accumulators.add(1, to: .size(ofList: to), of: memcg)
  }

  /// `n` folios have joined the lists that their flags name: one update each.
  @inline(__always) func listsGained(
    _ frames: UnsafeMutablePointer<UInt32>, _ n: Int, _ rows: UnsafeMutablePointer<FrameRow>
  ) {
    statistics.noteOnes(n)
    guard let accumulators else { return }
    for k in 0..<n {
      let row = rows[Int(frames[k])]
      accumulators.add(1, to: .size(ofList: row.flags.home), of: row.memcg)
    }
  }
}
