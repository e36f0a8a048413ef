// SPDX-License-Identifier: Apache-2.0
// Folios that reclaim holds while others go on: off their lists, for as long as a device or a long
// walk takes.
//
// Whoever has them still may let go of them meanwhile. Reclaim's hold then is the last: the folio
// stays until its batch is put back, and is freed there instead (reference 06 §6.5). It counts
// neither as reclaimed nor as gone before.

import UAPI

extension FolioFlags {
  /// On no list and on its way to none: a reclaimer holds it.
  @inline(__always) var isIsolated: Bool { !hasAny(.lru, .inAddBatch) }
}

extension Memory {
  /// A folio that nobody uses any more leaves its list, to be freed.
  /// - Returns: false for one that a reclaimer holds, who frees it.
  func leaveList(_ frame: UInt32) -> Bool {
    let row = frames.rows + Int(frame)
    let flags = row.pointee.flags
    if flags.isIsolated {
      row.pointee.flags = .orphaned
      row.pointee.slot = 0
      row.pointee.link = 0
      orphanedPages += 1
      return false
    }
    if flags.contains(.lru) {
      lists.remove(frame, from: tree.lruvec(row.pointee.memcg).list(flags.home))
      tree.listLost(1, flags.home, of: row.pointee.memcg)
    }
    return true
  }

  /// Frees those of a batch's survivors whom nobody else uses any more.
  /// - Returns: how many are left in the batch.
  func freeOrphans(among kept: Int, of memcg: UInt16) -> Int {
    if orphanedPages == 0 { return kept }
    var left = 0, gone = 0
    for k in 0..<kept {
      let frame = batch[k]
      if frames.rows[Int(frame)].flags == .orphaned {
        frames.rows[Int(frame)].flags = []
        freed[gone] = frame
        gone += 1
      } else {
        batch[left] = frame
        left += 1
      }
    }
    guard gone > 0 else { return kept }
    orphanedPages -= gone
    stock.uncharge(memcg, gone)
    tree.statistics.note(gone)
    allocator.free(freed, gone)
    return left
  }
}
