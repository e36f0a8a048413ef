// SPDX-License-Identifier: Apache-2.0
// rmdir: a cgroup that nobody uses any more goes, and what is still charged to it stays behind
// (reference 13 §13.6).
//
// Pages and swap slots stay charged to the cgroup, which is offline from then on: it has no name,
// no files and no protection, but reclaim still visits it, harder than others. Kernel memory is
// the parent's from then on. When the last page is gone, so is the cgroup; what it has counted
// stays with its parent, whose memory.stat had it all along.

import UAPI

extension Memory {
  /// mkdir; nil when no number is left.
  func makeCgroup(named name: String, below parent: MemCgroup) -> MemCgroup? {
    guard let made = tree.makeChild(of: parent, named: name) else { return nil }
    pressure.made(made.number)
    return made
  }

  /// Takes a cgroup away.
  /// - Returns: EBUSY while it has children or tasks.
  func remove(_ cgroup: MemCgroup) -> Outcome {
    let isUsed = tasks.contains { $0.isOnItsWay && $0.memcg == cgroup.number }
    if isUsed || cgroup.onlineChildren > 0 { return .failed(.EBUSY) }
    drainStocks(below: cgroup.number)
    tree.takeOffline(cgroup)
    names.handOver(from: cgroup.number, to: tree.kernelPayer(cgroup.number))
    return .done
  }
}

extension MemcgTree {
  /// Whose kernel memory it is that was charged to `number`: its own, or, once it is offline, the
  /// nearest ancestor's that is not.
  @inline(__always) func kernelPayer(_ number: UInt16) -> UInt16 {
    var at = number
    while _slowPath(rows[Int(at)].isOffline) { at = rows[Int(at)].parent }
    return at
  }

  fileprivate func takeOffline(_ cgroup: MemCgroup) {
    let number = cgroup.number, row = rows + Int(cgroup.number)
    row.pointee.min = 0
    row.pointee.low = 0
    rows.cover(number)
    row.pointee.effectiveMin = 0
    row.pointee.effectiveLow = 0
    row.pointee.isOffline = true
    row.pointee.isWatched = true
    cgroup.goOffline()
    forgetName(of: cgroup)
    handKernelMemory(from: number, to: kernelPayer(number))
    books.mark(number)
    releaseIfEmpty(number)
  }

  /// Kernel memory becomes an ancestor's, which pays for it already. The root counts none.
  private func handKernelMemory(from number: UInt16, to heir: UInt16) {
    let row = rows + Int(number), payer = rows + Int(heir)
    payer.pointee.shadowLeaves.splice(&row.pointee.shadowLeaves, leaves)
    books.mark(heir)
    payer.pointee.deferredShadows += row.pointee.deferredShadows
    row.pointee.deferredShadows = 0

    let pages = row.pointee.kernelPages
    let reclaimable = row.pointee.slabReclaimable, unreclaimable = row.pointee.slabUnreclaimable
    let tables = counters(number)[MemcgCounter.pagetables.rawValue]
    add(-tables, to: .pagetables, of: number)
    accumulators?.addBytes(-reclaimable, to: .slab_reclaimable, of: number)
    accumulators?.addBytes(-unreclaimable, to: .slab_unreclaimable, of: number)
    row.pointee.kernelPages = 0
    row.pointee.slabReclaimable = 0
    row.pointee.slabUnreclaimable = 0
    uncharge(pages, from: number, below: heir)
    if heir == Self.rootNumber {
      payer.pointee.usage -= pages
    } else {
      payer.pointee.kernelPages += pages
      payer.pointee.slabReclaimable += reclaimable
      payer.pointee.slabUnreclaimable += unreclaimable
      payer.pointee.objectRemainder += row.pointee.objectRemainder
      add(tables, to: .pagetables, of: heir)
      accumulators?.addBytes(reclaimable, to: .slab_reclaimable, of: heir)
      accumulators?.addBytes(unreclaimable, to: .slab_unreclaimable, of: heir)
    }
    row.pointee.objectRemainder = 0
  }

  /// Takes pages from the counters of a cgroup and its ancestors up to, and without, `heir`.
  private func uncharge(_ pages: Int, from number: UInt16, below heir: UInt16) {
    var at = number
    while at != heir {
      rows[Int(at)].usage -= pages
      at = rows[Int(at)].parent
    }
  }

  /// An offline cgroup to which nothing is charged any more is gone. Its own links stay, for a walk
  /// that stands on it.
  func releaseIfEmpty(_ number: UInt16) {
    let row = rows + Int(number)
    guard row.pointee.isOffline, !row.pointee.isGone, row.pointee.usage == 0,
      row.pointee.swapUsage == 0, row.pointee.firstChild == 0
    else { return }
    forget(number)
    unlink(number)
    accumulators?.publishAll(of: number)
    let own = counters(number), heirs = counters(row.pointee.parent)
    for k in 0..<MemcgCounter.count {
      heirs[k] += own[k]
      own[k] = 0
    }
    books.mark(number)
    books.mark(row.pointee.parent)
    books.left(number)
    releaseIfEmpty(row.pointee.parent)
  }

  /// Usage or settings of a cgroup changed that somebody looks at: a parent that shares protection,
  /// or whoever waits for the last page of an offline one.
  @inline(never) func attend(_ number: UInt16) {
    rows.cover(number)
    if rows[Int(number)].isOffline { releaseIfEmpty(number) }
  }
}

extension ShadowList {
  /// Appends all of another list, which is empty then.
  fileprivate mutating func splice(_ other: inout ShadowList, _ leaves: LeafTable?) {
    guard other.count > 0, let leaves else { return }
    if last == 0 {
      first = other.first
    } else {
      leaves.rows[Int(last)].next = other.first
      leaves.rows[Int(other.first)].previous = last
    }
    last = other.last
    count += other.count
    other = ShadowList()
  }
}
