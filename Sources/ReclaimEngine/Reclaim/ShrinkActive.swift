// SPDX-License-Identifier: Apache-2.0
// A batch of an active list grows older: everything goes to the inactive list, remembered as
// working set (reference 06 §6.4).

import UAPI

extension Memory {
  /// shrink_active_list. Accessed bits are cleared and save nobody: only what is mapped executable
  /// would stay, and no area here is.
  /// - Returns: what the batch costs in CPU time.
  func shrinkActiveList(_ memcg: UInt16, _ list: Int, _ n: Int, _ control: ScanControl)
    -> UInt64
  {
    batches.drain()
    packListsIfNeeded()
    let lruvec = tree.lruvec(memcg)
    let isolation = isolate(n, from: list, of: memcg, upTo: control.highestZone)
    tracer.lruIsolate(isolation, zoneIndex: control.highestZone, list: list)
    if control.isGlobal { node.counters.add(isolation.scanned, to: .pgrefill) }
    tree.add(isolation.scanned, to: .pgrefill, of: memcg)
    tree.statistics.note(isolation.scanned)
    // Of a file's pages the rows are all that is touched, but for the few that are mapped.
    if ListIndex.isFile(list) {
      prefetchRowsBehind(lruvec.list(list), n)
    } else {
      prefetchBehind(lruvec.list(list), n)
    }

    let rows = frames.rows
    for k in 0..<isolation.taken {
      if rows[Int(batch[k])].link != 0 {
        _ = referenced(batch[k], target: control.references)
      }
      var flags = rows[Int(batch[k])].flags
      flags.remove(.active)
      flags.insert(.workingset)
      rows[Int(batch[k])].flags = flags
    }
    putBack(batch, isolation.taken, memcg)
    node.counters.add(isolation.taken, to: .pgdeactivate)
    tree.add(isolation.taken, to: .pgdeactivate, of: memcg)
    tree.statistics.note(isolation.taken)
    tracer.lruShrinkActive(
      node: node.number, taken: isolation.taken, active: 0, deactivated: isolation.taken,
      referenced: 0, priority: control.priority, file: ListIndex.isFile(list))
    return profile.costs.reclaimBatch + UInt64(isolation.taken) * profile.costs.pageKept
  }
}
