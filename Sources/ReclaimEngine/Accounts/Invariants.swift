// SPDX-License-Identifier: Apache-2.0
// What must hold between any two events (reference 18): each folio on one list, sizes equal counts,
// charges equal uses, free blocks disjoint and merged.
//
// Anyone may ask: property tests after every operation, `--paranoid` after every event. The answer
// is a list of problems in words.

import UAPI

extension Machine {
  /// Problems found in the machine's books; empty when all is well. Costs as much as there are
  /// folios and slots.
  /// - Parameter inFlight: pages that may be charged and not yet in use: a reclaim may be asked for
  ///   in the middle of an insertion.
  package func invariantProblems(inFlight: Int = 0) -> [String] {
    memory.invariantProblems(inFlight: inFlight)
  }
}

extension Memory {
  /// Stops the program with the first problems when there are any: they are our mistake.
  /// - Parameter tasks: how many may be in the middle of a charge: each may have one page and the
  ///   page of one object charged before they are used.
  func requireInvariants(tasks: Int) {
    let problems = invariantProblems(inFlight: 2 * tasks)
    guard !problems.isEmpty else { return }
    // Unlike a precondition's, its words are printed by optimised programs too.
    fatalError(
      "invariants broken after event \(tracer.events): "
        + problems.prefix(5).joined(separator: "; "))
  }

  func invariantProblems(inFlight: Int) -> [String] {
    let waiting = parkedBatches.waitingToBeFreed + gatheredPages + orphanedPages
    return listProblems() + slotProblems() + chargeProblems(inFlight + waiting)
      + zoneProblems()
      + statisticProblems()
  }

  /// Lists: back-pointers, flags, owners and counts agree.
  private func listProblems() -> [String] {
    var problems: [String] = []
    for group in tree.all {
      let lruvec = tree.lruvec(group.number)
      for index in 0..<ListIndex.count {
        let list = lruvec.list(index)
        var found = 0
        lists.forEach(of: list) { frame in
          found += 1
          let row = frames.rows[Int(frame)]
          if lists.slots[Int(row.position)] != frame {
            problems.append("frame \(frame): its row points to another place of a list")
          }
          let belongs = row.flags.contains(.unevictable) ? 4 : row.flags.listIndex
          if !row.flags.contains(.lru) || belongs != index || row.memcg != group.number {
            problems.append("frame \(frame) on list \(index) of '\(group.path)' by mistake")
          }
        }
        if found != list.pointee.count {
          problems.append(
            "list \(index) of '\(group.path)' holds \(found), counts \(list.pointee.count)")
        }
      }
    }
    return problems
  }

  /// Slots: each folio's row names its slot, and leaves count what their slots hold.
  private func slotProblems() -> [String] {
    var problems: [String] = []
    var cached = 0, shared = 0
    for file in cache.allFiles {
      var inFile = 0
      for first in stride(from: 0, to: file.pages, by: 64) {
        let (entries, folios) = count(file, first..<min(first + 64, file.pages), &problems)
        inFile += entries
        cached += folios
        if file.isShmem { shared += folios }
        let leaf = cache.leaves.rows[(file.base + first) >> 6]
        // What was swapped out of shared memory is no shadow.
        let shadows = file.isShmem ? 0 : entries - folios
        if leaf.exists, Int(leaf.entries) != entries || Int(leaf.shadows) != shadows {
          problems.append(
            "\(file.name) leaf at \(first): holds \(entries) and \(shadows) shadows, counts "
              + "\(leaf.entries) and \(leaf.shadows)")
        }
        if leaf.exists, leaf.isListed != (entries > 0 && entries == shadows) {
          problems.append("\(file.name) leaf at \(first): on the shadow list by mistake, or not")
        }
      }
      if inFile != file.entries {
        problems.append("\(file.name) holds \(inFile) entries, counts \(file.entries)")
      }
    }
    for (counter, found) in [(MemcgCounter.file, cached), (.shmem, shared)] {
      let counted = tree.all.reduce(0) { $0 + tree.counters($1.number)[counter.rawValue] }
      if counted != found {
        problems.append("\(found) \(counter.name) pages are cached, cgroups count \(counted)")
      }
    }
    return problems
  }

  /// Entries and folios in a part of a file.
  private func count(_ file: FileMapping, _ part: Range<Int>, _ problems: inout [String])
    -> (entries: Int, folios: Int)
  {
    var entries = 0, folios = 0
    for index in part {
      let slot = cache.slots[file.base + index]
      if slot == .empty { continue }
      entries += 1
      if slot.folio != 0 {
        folios += 1
        if Int(frames.rows[Int(slot.folio)].slot) != file.base + index {
          problems.append("\(file.name) page \(index): its folio names another slot")
        }
      } else if file.isShmem, swap!.area.slots[Int(slot.swapOffset)].references == 0 {
        problems.append("\(file.name) page \(index): its swap slot is free")
      }
    }
    return (entries, folios)
  }

  /// Charges: what a subtree uses, its stock included, is what its counter says.
  private func chargeProblems(_ inFlight: Int) -> [String] {
    var problems: [String] = []
    let unmapped = unmappedSwapCache()
    var used = [Int](repeating: 0, count: tree.numbers)
    for group in tree.all {
      let counters = tree.counters(group.number)
      used[Int(group.number)] =
        counters[MemcgCounter.file.rawValue] + counters[MemcgCounter.anon.rawValue]
        + tree.rows[Int(group.number)].kernelPages + unmapped[Int(group.number)]
        + (stock.stocked.memcg == group.number ? stock.stocked.pages : 0)
    }
    for group in tree.all.reversed() {
      guard let parent = group.parent else { continue }
      let usage = tree.rows[Int(group.number)].usage, own = used[Int(group.number)]
      if !(own...own + inFlight).contains(usage) {
        problems.append("'\(group.path)' uses \(own) pages, is charged \(usage)")
      }
      used[Int(parent.number)] += own
      problems += protectionProblems(group)
    }
    return problems
  }

  /// Protection: what a parent knows of its children's protected usage is their sum.
  private func protectionProblems(_ group: MemCgroup) -> [String] {
    let row = tree.rows[Int(group.number)]
    let children = tree.children(of: group.number).map { tree.rows[Int($0)] }
    let min = children.reduce(0) { $0 + Swift.min($1.usage, $1.min) }
    let low = children.reduce(0) { $0 + Swift.min($1.usage, $1.low) }
    if row.childrenMinUsage == min, row.childrenLowUsage == low { return [] }
    return [
      "'\(group.path)': children's protected usage is \(min) and \(low), counted "
        + "\(row.childrenMinUsage) and \(row.childrenLowUsage)"
    ]
  }

  /// Folios of each cgroup that are in the swap cache and mapped by nobody: charged, and neither
  /// anon nor file in memory.stat.
  private func unmappedSwapCache() -> [Int] {
    var counts = [Int](repeating: 0, count: tree.numbers)
    guard let area = swap?.area else { return counts }
    for offset in 1...area.total {
      let row = frames.rows[Int(area.slots[offset].content.folio)]
      if row.flags.contains(.swapCache), row.slot == 0 { counts[Int(row.memcg)] += 1 }
    }
    return counts
  }

  /// Accumulators: of what a cgroup counts itself, all is published or waits to be.
  private func statisticProblems() -> [String] {
    var problems = bookProblems()
    guard let accumulators = tree.accumulators else { return problems }
    for group in tree.all {
      let exact = localStat(group.number)
      // The kernel that has accumulators keeps no such statistic.
      for counter in MemcgCounter.allCases where counter != .kernel {
        let ofChildren = tree.children(of: group.number).reduce(0) {
          $0 + accumulators.value(counter, of: $1)
        }
        let own = accumulators.value(counter, of: group.number) - ofChildren
        let waiting = accumulators.waiting(counter, of: group.number)
        if own + waiting != exact[counter.rawValue] {
          problems.append(
            "statistic \(counter.name) of '\(group.path)': published \(own), "
              + "waiting \(waiting), exact \(exact[counter.rawValue])")
        }
      }
    }
    return problems
  }

  /// Zones: free blocks are disjoint, aligned, merged with no free buddy left, and add up; per-CPU
  /// lists likewise.
  private func zoneProblems() -> [String] {
    var problems: [String] = []
    for zone in node.zones {
      let buddy = zone.buddy
      var free = Int(buddy.fresh.to - buddy.fresh.from)
      buddy.forEachListedBlock { frame, order, _ in
        free += 1 << order
        if frame & ((1 << UInt32(order)) - 1) != 0 {
          problems.append("\(zone.kind.name): block \(frame) of order \(order) is not aligned")
        }
        let other = frame ^ (1 << UInt32(order))
        let row = frames.rows[Int(min(other, UInt32(frames.count - 1)))]
        if order < 10, other < buddy.end, other >= buddy.start, row.flags == .buddy,
          Int(row.memcg) == order
        {
          problems.append("\(zone.kind.name): block \(frame) and its buddy are both free")
        }
      }
      if free != buddy.freePages {
        problems.append("\(zone.kind.name): \(free) pages on free lists, counts \(buddy.freePages)")
      }
      var perCPU = 0
      zone.perCPU.forEachBlock { _, order in perCPU += 1 << order }
      if perCPU != zone.perCPU.count {
        problems.append(
          "\(zone.kind.name): \(perCPU) pages on per-CPU lists, counts \(zone.perCPU.count)")
      }
      if zone.free + zone.perCPU.count > zone.managed {
        problems.append("\(zone.kind.name): more pages free than it manages")
      }
    }
    return problems
  }
}
