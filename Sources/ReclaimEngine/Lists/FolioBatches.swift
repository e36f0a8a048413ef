// SPDX-License-Identifier: Apache-2.0
// The CPU's batches of folios on their way to another list, and when they arrive (reference 08
// §§8.4, 8.5).
//
// A new folio waits here, on no list and invisible to a scan, until the batch is full or somebody
// drains it. Activations and deactivations wait likewise, on their old list; they are counted when
// they are carried out.

import UAPI

final class FolioBatches {
  private let rows: UnsafeMutablePointer<FrameRow>
  private let lists: FolioLists
  private let tree: MemcgTree
  private let workingset: Workingset
  private let node: Node
  private let capacity: Int

  private var added: FolioBatch
  private var activated: FolioBatch
  private var deactivatedFile: FolioBatch
  private var deactivated: FolioBatch
  private var freedLazily: FolioBatch
  private var rotated: FolioBatch

  init(
    frames: FrameTable, lists: FolioLists, tree: MemcgTree, workingset: Workingset, node: Node,
    profile: KernelProfile
  ) {
    rows = frames.rows
    self.lists = lists
    self.tree = tree
    self.workingset = workingset
    self.node = node
    capacity = profile.numbers.folioBatch
    added = FolioBatch(capacity: capacity)
    activated = FolioBatch(capacity: capacity)
    deactivatedFile = FolioBatch(capacity: capacity)
    deactivated = FolioBatch(capacity: capacity)
    freedLazily = FolioBatch(capacity: capacity)
    rotated = FolioBatch(capacity: capacity)
  }

  deinit {
    added.release()
    activated.release()
    deactivatedFile.release()
    deactivated.release()
    freedLazily.release()
    rotated.release()
  }

  // MARK: add

  /// A new folio; the one that fills the batch sends all of them to their lists.
  @inline(__always) func add(_ frame: UInt32) {
    rows[Int(frame)].flags.insert(.inAddBatch)
    added.frames[added.count] = frame
    added.count &+= 1
    if added.count == capacity { drainAdded() }
  }

  private func drainAdded() {
    let n = added.takeAll().count
    lists.push(added.frames, n) { frame in
      var flags = rows[Int(frame)].flags
      flags.remove(.inAddBatch)
      flags.insert(.lru)
      rows[Int(frame)].flags = flags
      let lruvec = tree.lruvec(rows[Int(frame)].memcg)
      return lruvec.list(flags.contains(.unevictable) ? ListIndex.unevictable : flags.listIndex)
    }
    tree.listsGained(added.frames, n, rows)
  }

  // MARK: mark accessed

  /// folio_mark_accessed of the classic LRU (reference 08 §8.2).
  @inline(__always) func markAccessed(_ frame: UInt32) {
    let flags = rows[Int(frame)].flags
    if !flags.contains(.referenced) {
      rows[Int(frame)].flags = flags.union(.referenced)
    } else if !flags.hasAny(.active, .unevictable) {
      markAccessedAgain(frame)
    }
  }

  @inline(never) private func markAccessedAgain(_ frame: UInt32) {
    let flags = rows[Int(frame)].flags
    if flags.contains(.lru) {
      queueActivation(frame)
    } else if flags.contains(.inAddBatch) {
      rows[Int(frame)].flags.insert(.active)
    }
    rows[Int(frame)].flags.remove(.referenced)
    workingset.age(rows[Int(frame)].memcg, by: 1)
  }

  /// Its place on the list is fetched: the folio leaves it when the batch is carried out.
  private func queueActivation(_ frame: UInt32) {
    lists.prefetchPlace(of: frame)
    if queue(frame, &activated) { drainActivated() }
  }

  private func drainActivated() {
    for frame in activated.takeAll() {
      let flags = unqueue(frame)
      guard flags.contains(.lru), !flags.hasAny(.active, .unevictable) else { continue }
      move(frame, to: flags.union(.active))
      count(.pgactivate, .pgactivate, rows[Int(frame)].memcg)
    }
  }

  // MARK: deactivate a file folio that could not be dropped

  func deactivateFile(_ frame: UInt32) {
    if queue(frame, &deactivatedFile) { drainDeactivatedFile() }
  }

  private func drainDeactivatedFile() {
    for frame in deactivatedFile.takeAll() {
      let flags = unqueue(frame)
      guard flags.contains(.lru), !flags.contains(.unevictable), rows[Int(frame)].link == 0 else {
        continue
      }
      // Clean, as every file folio here: the next to be scanned.
      move(frame, to: flags.subtracting([.active, .referenced]), atTail: true)
      node.counters.add(1, to: .pgrotated)
      if flags.contains(.active) {
        count(.pgdeactivate, .pgdeactivate, rows[Int(frame)].memcg)
      }
    }
  }

  // MARK: rotate: written for reclaim, and done

  func rotate(_ frame: UInt32) {
    if queue(frame, &rotated) { drainRotated() }
  }

  private func drainRotated() {
    for frame in rotated.takeAll() {
      let flags = unqueue(frame)
      guard flags.contains(.lru), !flags.hasAny(.unevictable, .locked) else { continue }
      move(frame, to: flags.subtracting(.active), atTail: true)
      node.counters.add(1, to: .pgrotated)
    }
  }

  // MARK: deactivate, and give up lazily

  /// MADV_COLD of an active folio.
  func deactivate(_ frame: UInt32) {
    if queue(frame, &deactivated) { drainDeactivated() }
  }

  private func drainDeactivated() {
    for frame in deactivated.takeAll() {
      let flags = unqueue(frame)
      guard flags.isSuperset(of: [.lru, .active]), !flags.contains(.unevictable) else { continue }
      move(frame, to: flags.subtracting([.active, .referenced]))
      count(.pgdeactivate, .pgdeactivate, rows[Int(frame)].memcg)
    }
  }

  /// MADV_FREE of an anonymous folio: it joins the inactive file list.
  func lazyFree(_ frame: UInt32) {
    if queue(frame, &freedLazily) { drainFreedLazily() }
  }

  private func drainFreedLazily() {
    for frame in freedLazily.takeAll() {
      let flags = unqueue(frame)
      guard flags.isSuperset(of: [.lru, .anon, .swapBacked]),
        !flags.hasAny(.unevictable, .swapCache)
      else { continue }
      move(frame, to: flags.subtracting([.active, .referenced, .swapBacked]))
      count(.pglazyfree, .pglazyfree, rows[Int(frame)].memcg)
    }
  }

  // MARK: what all of them do

  /// A folio waits on its old list; answers whether it filled the batch.
  @inline(__always) private func queue(_ frame: UInt32, _ batch: inout FolioBatch) -> Bool {
    rows[Int(frame)].flags.insert(.queued)
    batch.frames[batch.count] = frame
    batch.count &+= 1
    return batch.count == capacity
  }

  /// It waits no longer; answers its flags.
  @inline(__always) private func unqueue(_ frame: UInt32) -> FolioFlags {
    rows[Int(frame)].flags.remove(.queued)
    return rows[Int(frame)].flags
  }

  /// Moves a folio to an end of the list that its new flags name.
  @inline(__always) private func move(_ frame: UInt32, to flags: FolioFlags, atTail: Bool = false) {
    let memcg = rows[Int(frame)].memcg, list = rows[Int(frame)].flags.listIndex
    let lruvec = tree.lruvec(memcg)
    lists.remove(frame, from: lruvec.list(list))
    rows[Int(frame)].flags = flags
    let other = lruvec.list(flags.listIndex)
    if atTail { lists.pushTail(frame, on: other) } else { lists.push(frame, on: other) }
    tree.listsExchanged(list, flags.listIndex, of: memcg)
  }

  private func count(_ event: VmCounter, _ stat: MemcgCounter, _ memcg: UInt16) {
    node.counters.add(1, to: event)
    tree.add(1, to: stat, of: memcg)
    tree.statistics.note(1)
  }

  // MARK: drain

  /// lru_add_drain: everything that waits arrives, in the kernel's order.
  @inline(__always) func drain() {
    let waiting =
      added.count &+ activated.count &+ deactivatedFile.count &+ deactivated.count
      &+ freedLazily.count &+ rotated.count
    if waiting == 0 { return }
    drainAll()
  }

  @inline(never) private func drainAll() {
    drainAdded()
    drainRotated()
    drainDeactivatedFile()
    drainDeactivated()
    drainFreedLazily()
    drainActivated()
  }
}
