// SPDX-License-Identifier: Apache-2.0
// A batch leaves the tail of a list; the batches behind it are fetched meanwhile (reference 06
// §6.1, docs/performance.md).

import CMemory
import UAPI

/// What one isolation did, in pages.
struct Isolation {
  var requested = 0
  var scanned = 0
  var skipped = 0
  var taken = 0
}

extension Memory {
  /// Folios of a batch; reclaim of a machine uses one buffer, since only one batch is open at a
  /// time.
  static let batchCapacity = 32

  /// Takes up to `n` folios from the tail of a list into `batch`, oldest first. They are on no list
  /// afterwards.
  @inline(__always) func isolate(
    _ n: Int, from list: Int, of memcg: UInt16, into batch: UnsafeMutablePointer<UInt32>
  ) -> Isolation {
    let taken = lists.takeTail(n, from: tree.lruvec(memcg).list(list), into: batch)
    let rows = frames.rows
    for k in 0..<taken { rows[Int(batch[k])].flags.remove(.lru) }
    tree.listLost(taken, list, of: memcg)
    return Isolation(requested: n, scanned: taken, skipped: 0, taken: taken)
  }

  /// Takes up to `n` folios of zones up to an index. Those of higher zones are set aside on the way
  /// and go to the head of the list in their order; they do not count as looked at by the caller's
  /// measure, but as scanned (reference 06 §6.1).
  @inline(__always) func isolate(_ n: Int, from list: Int, of memcg: UInt16, upTo highest: Int)
    -> Isolation
  {
    if _slowPath(hasZone(above: highest)) {
      return isolateSkipping(n, from: list, of: memcg, upTo: highest)
    }
    return isolate(n, from: list, of: memcg, into: batch)
  }

  @inline(__always) func hasZone(above highest: Int) -> Bool { node.topZone > highest }

  private func isolateSkipping(_ n: Int, from list: Int, of memcg: UInt16, upTo highest: Int)
    -> Isolation
  {
    let from = tree.lruvec(memcg).list(list)
    let zones = node.zones(upTo: highest)
    var skipped: [UInt32] = []
    var taken = 0
    while taken < n, lists.takeTail(1, from: from, into: upcoming) == 1 {
      let frame = upcoming[0]
      if zones.contains(where: { $0.contains(frame) }) {
        frames.rows[Int(frame)].flags.remove(.lru)
        batch[taken] = frame
        taken += 1
      } else {
        skipped.append(frame)
        node.counters.add(1, to: Self.skips[node.zone(of: frame).kind.rawValue])
      }
    }
    for frame in skipped { lists.push(frame, on: from) }
    tree.listLost(taken, list, of: memcg)
    return Isolation(
      requested: n, scanned: taken + skipped.count, skipped: skipped.count, taken: taken)
  }

  private static let skips: [VmCounter] = [
    .pgskip_dma, .pgskip_dma32, .pgskip_normal, .pgskip_movable,
  ]

  private static let leastLookahead = 8

  /// Fetches what later batches of this list will touch, each as large as this one: rows two
  /// batches ahead, slots and nodes one batch ahead. Behind a few pages nothing is fetched: what
  /// comes next is another cgroup, and the walk sees to that.
  @inline(__always) func prefetchBehind(_ list: UnsafeMutablePointer<FolioList>, _ batch: Int) {
    if batch < Self.leastLookahead { return }
    let rows = frames.rows, slots = cache.slots, leaves = cache.leaves.rows
    let next = lists.forNext(batch, of: list, from: .tail) { frame in
      let slot = Int(rows[Int(frame)].slot)
      memory_prefetch(slots + slot)
      memory_prefetch(leaves + (slot &>> 6))
    }
    _ = lists.forNext(batch, of: list, from: next) { frame in
      memory_prefetch(rows + Int(frame))
    }
  }

  /// Fetches the rows of the next batch: all that ageing an active list touches.
  @inline(__always) func prefetchRowsBehind(
    _ list: UnsafeMutablePointer<FolioList>, _ batch: Int
  ) {
    if batch < Self.leastLookahead { return }
    let rows = frames.rows
    _ = lists.forNext(batch, of: list, from: .tail) { frame in memory_prefetch(rows + Int(frame)) }
  }

  /// Survivors go to the head of the list that their flags name, in order; active ones advance the
  /// clock (reference 06 §6.5).
  func putBack(_ batch: UnsafeMutablePointer<UInt32>, _ n: Int, _ memcg: UInt16) {
    let rows = frames.rows, lruvec = tree.lruvec(memcg)
    var active = 0
    lists.push(batch, n) { frame in
      var flags = rows[Int(frame)].flags
      flags.insert(.lru)
      rows[Int(frame)].flags = flags
      if flags.contains(.active) { active &+= 1 }
      return lruvec.list(flags.contains(.unevictable) ? ListIndex.unevictable : flags.listIndex)
    }
    tree.listsGained(batch, n, rows)
    if active > 0 { workingset.age(memcg, by: active) }
  }
}
