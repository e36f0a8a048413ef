// SPDX-License-Identifier: Apache-2.0
// A page fault: page table first, then whatever the area is made of (reference 26 §26.1, 18 §18.7).
//
// Order of an anonymous first touch: fault event, page table (charged), the reverse map's objects,
// the page (charged, may reclaim), LRU-add batch, mapped and young; then the access is repeated.

import Timeline
import UAPI

extension Memory {
  /// Makes the entry of one page permit the access, as far as this kernel goes at once.
  /// - Returns: false when there was no memory for it.
  func fault(_ area: Area, _ index: Int, write: Bool, _ task: SimTask) async throws(Killed) -> Bool
  {
    beginFault(task)
    if !task.space.hasTable(area, index), try await !makeTable(area, index, task) { return false }
    switch area.kind {
    case .anonymous:
      return try await anonymousFault(area, index, write: write, task)
    case .file where isOwn(entries[area.base + index]):
      return try await anonymousFault(area, index, write: write, task)
    case .file(let file, let offset, let shared):
      return try await fileFault(
        area, index, file, index + offset, write: write, shared: shared, task)
    case .shmem(let file):
      return try await shmemFault(area, index, file, write: write, task)
    }
  }

  /// Whether an entry is anonymous memory already: of a private file mapping, a page that the task
  /// has stored to, or where in swap it lies.
  private func isOwn(_ entry: PageTableEntry) -> Bool {
    entry.isSwap || entry.isPresent && frames.rows[Int(entry.frame)].flags.contains(.anon)
  }

  @inline(__always) func countFault(_ event: VmCounter, _ stat: MemcgCounter, _ memcg: UInt16) {
    node.counters.add(1, to: event)
    tree.add(1, to: stat, of: memcg)
    tree.statistics.note(1)
  }

  /// A page table: one page charged to the task's cgroup like any other.
  private func makeTable(_ area: Area, _ index: Int, _ task: SimTask) async throws(Killed) -> Bool {
    guard try await chargePage(task.memcg, gfp: .kernelAccount, task) else { return false }
    if task.memcg != MemcgTree.rootNumber {
      tree.rows[Int(task.memcg)].kernelPages += 1
      tree.add(1, to: .pagetables, of: task.memcg)
      tree.statistics.noteOnes(2)
    }
    let frame = try await allocate(.unmovable, .kernelAccount, task)
    if frame == 0 {
      if task.memcg != MemcgTree.rootNumber {
        tree.rows[Int(task.memcg)].kernelPages -= 1
        tree.add(-1, to: .pagetables, of: task.memcg)
      }
      stock.uncharge(task.memcg, 1)
      return false
    }
    frames.rows[Int(frame)] = FrameRow(
      position: 0, slot: 0, link: 0, flags: .kernel, memcg: task.memcg)
    node.counters.add(1, to: .nr_page_table_pages)
    task.space.makeTable(area, index, frame: frame)
    return true
  }

  /// Charges one page, reclaiming where the limit asks for it. False: there is no room.
  @inline(__always) func chargePage(_ memcg: UInt16, gfp: GfpFlags, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    if stock.tryCharge(memcg, 1) != 0 { return try await charge(memcg, 1, gfp, task) }
    if stock.isOverHigh { try await settleHigh(task, gfp) }
    return true
  }

  // MARK: anonymous memory

  private func anonymousFault(_ area: Area, _ index: Int, write: Bool, _ task: SimTask)
    async throws(Killed) -> Bool
  {
    let entry = entries + (area.base + index)
    if entry.pointee.isSwap {
      return try await swapIn(area, index, write: write, task)
    } else if entry.pointee.isNone, !write {
      entry.pointee = .zeroPage
      try await task.spend(profile.costs.zeroPageFault)
    } else if entry.pointee.isNone || entry.pointee.isZeroPage {
      let found = entry.pointee
      guard try await makeReverseMap(area, task) else { return false }
      guard try await chargePage(task.memcg, gfp: .kernel, task) else { return false }
      return try await mapPage(area, index, found, task.memcg, write: write, task)
    } else {
      // Mapped for reading by a swap-in, and this task's alone: reused in place.
      entry.pointee =
        PageTableEntry(frame: entry.pointee.frame, writable: true, dirty: write)
        .filled(entry.pointee.isFilled)
      try await task.spend(profile.costs.reuseFault)
    }
    return true
  }

  /// The objects that lead from a page back to its areas, made at the area's first anonymous page.
  func makeReverseMap(_ area: Area, _ task: SimTask) async throws(Killed) -> Bool {
    if area.reverseMapPayer != nil { return true }
    let payer = task.memcg
    guard try await chargeObjects(payer, profile.objects.reverseMap, task) else { return false }
    area.reverseMapPayer = payer
    return true
  }

  /// How a page of anonymous memory is asked for.
  var anonymousFlags: GfpFlags { profile.folios.flags.union([.highUserMovable, .zero]) }

  /// A new anonymous folio goes into the LRU-add batch.
  /// - Parameter keeping: what a refault has decided about it already.
  @inline(__always) func enter(
    _ frame: UInt32, _ area: Area, _ index: Int, _ memcg: UInt16, keeping: FolioFlags = []
  ) {
    var flags = keeping.union([.anon, .swapBacked])
    if area.isLocked(index) {
      flags.insert(.unevictable)
      node.counters.add(1, to: .nr_mlock)
    }
    frames.rows[Int(frame)] = FrameRow(
      position: 0, slot: UInt32(truncatingIfNeeded: area.base &+ index), link: 1, flags: flags,
      memcg: memcg)
    batches.add(frame)
  }

  /// nr_anon_pages: anonymous pages that are mapped.
  @inline(__always) func countAnonymous(_ n: Int, _ memcg: UInt16) {
    node.counters.add(n, to: .nr_anon_pages)
    tree.addOnes(n, to: .anon, of: memcg)
    tree.statistics.noteOnes(abs(n))
  }
}
