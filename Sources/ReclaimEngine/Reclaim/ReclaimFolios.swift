// SPDX-License-Identifier: Apache-2.0
// Reclaim of named folios, without a scan: MADV_PAGEOUT (reference 01 §1.8).

import UAPI

extension Memory {
  /// reclaim_pages: takes the folios off their lists, shrinks them on nobody's behalf, and puts
  /// back what is left. No scan and no steal is counted.
  /// - Returns: what it costs in CPU time.
  func reclaimFolios(_ folios: [UInt32]) -> UInt64 {
    var cost: UInt64 = 0
    var rest = folios[...]
    while let first = rest.first {
      let owner = frames.rows[Int(first)].memcg
      let same = rest.prefix { frames.rows[Int($0)].memcg == owner }.prefix(Self.batchCapacity)
      rest = rest.dropFirst(same.count)
      cost += shrink(Array(same), owner)
    }
    return cost
  }

  private func shrink(_ folios: [UInt32], _ owner: UInt16) -> UInt64 {
    packListsIfNeeded()
    let lruvec = tree.lruvec(owner)
    for (k, frame) in folios.enumerated() {
      let row = frames.rows + Int(frame)
      let list = row.pointee.flags.listIndex
      lists.remove(frame, from: lruvec.list(list))
      tree.listHolds(-1, list, of: owner)
      row.pointee.flags.subtract([.lru, .active])
      batch[k] = frame
    }
    tree.statistics.note(folios.count)
    var tally = ShrinkTally()
    let purpose = ShrinkPurpose(owner: owner, clock: MemcgTree.rootNumber, references: 0)
    let kept = shrinkFolioList(folios.count, purpose, &tally)
    settle(tally, owner)
    // Like new ones: through the CPU's LRU-add batch, and no clock is advanced.
    for k in 0..<kept { batches.add(batch[k]) }
    return cost(of: tally, kept: kept, file: false) - profile.costs.reclaimBatch
  }

  /// Frees what a batch reclaimed and counts what it activated.
  func settle(_ tally: ShrinkTally, _ owner: UInt16) {
    if tally.reclaimed > 0 {
      stock.uncharge(owner, tally.reclaimed)
      tree.statistics.note(tally.reclaimed)
      allocator.free(freed, tally.reclaimed)
    }
    if tally.activated > 0 {
      node.counters.add(tally.activated, to: .pgactivate)
      tree.addOnes(tally.activated, to: .pgactivate, of: owner)
      tree.statistics.note(tally.activated)
    }
  }
}
