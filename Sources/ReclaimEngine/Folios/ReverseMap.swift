// SPDX-License-Identifier: Apache-2.0
// From a folio to the entries that map it: was it touched, and unmap it (reference 07 §§7.4, 7.8).
//
// An anonymous folio's slot is its one entry. A folio of a file is mapped by whichever areas of
// that file hold its page; each counts once. With a target only tasks that are now below it count,
// and the bits of others are neither counted nor cleared.

import UAPI

extension Memory {
  /// How many mappings touched the folio since they were asked last; their accessed bits are
  /// cleared.
  /// - Parameter target: the cgroup whose limit is being enforced; 0 for nobody's.
  func referenced(_ frame: UInt32, target: UInt16) -> Int {
    let row = frames.rows + Int(frame)
    if row.pointee.link == 0 { return 0 }
    let slot = Int(row.pointee.slot)
    if row.pointee.flags.contains(.anon) {
      return slot != 0 && takeReference(slot, target) ? 1 : 0
    }
    var found = 0
    forEachMapping(frame) { area, entry in
      guard counts(entry, target), entries[entry].isYoung else { return }
      entries[entry] = entries[entry].old
      if area.advice != .sequential { found += 1 }
    }
    return found
  }

  /// Whether the one mapping of an anonymous folio, an entry, was used and saves it; its accessed
  /// bit is cleared.
  @inline(__always) func takeReference(_ entry: Int, _ target: UInt16) -> Bool {
    guard entries[entry].isYoung, counts(entry, target) else { return false }
    entries[entry] = entries[entry].old
    return !areas.isSequential(entry)
  }

  @inline(__always) private func counts(_ entry: Int, _ target: UInt16) -> Bool {
    if target == 0 { return true }
    let owner = areas.owner(ofEntry: entry)
    return owner == target || tree.isBelow(owner, target)
  }

  /// Calls `body` with each area that maps a folio of a file, and the number of the entry.
  func forEachMapping(_ frame: UInt32, _ body: (Area, Int) -> Void) {
    let slot = Int(frames.rows[Int(frame)].slot)
    let file = cache.file(ofSlot: slot)
    for area in file.areas {
      let index = slot - file.base - area.mapping!.offset
      guard index >= 0, index < area.pages else { continue }
      let entry = entries[area.base + index]
      if entry.isPresent, entry.frame == frame { body(area, area.base + index) }
    }
  }

  /// Takes every mapping of a file's folio away. True when one of them had written.
  func unmapFile(_ frame: UInt32) -> Bool {
    var dirty = false
    forEachMapping(frame) { area, entry in
      dirty = dirty || entries[entry].isDirty
      noteFilled(area, entry)
      entries[entry] = .none
    }
    noteUnmapped(frame)
    return dirty
  }

  /// What is known of the contents of shared memory is known by its file once it is unmapped.
  func noteFilled(_ area: Area, _ entry: Int) {
    guard entries[entry].isFilled, case .shmem(let file) = area.kind else { return }
    file.noteFilled(entry - area.base)
  }

  /// The last mapping of a file's folio is gone.
  func noteUnmapped(_ frame: UInt32) {
    frames.rows[Int(frame)].link = 0
    node.counters.add(-1, to: .nr_mapped)
    tree.add(-1, to: .file_mapped, of: frames.rows[Int(frame)].memcg)
    tree.statistics.note(1)
  }
}
