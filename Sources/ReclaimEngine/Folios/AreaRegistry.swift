// SPDX-License-Identifier: Apache-2.0
// From an entry to the area it belongs to, and to the cgroup of the task that uses it now.
//
// Every block of 64 entries names its area in the row that a block of page-cache slots uses for its
// tree node, so the way back from a folio costs no memory and no search.

final class AreaRegistry {
  static let limit = 1 << 16

  private let leaves: LeafTable
  private let slots: SlotTable
  private var areas: [Area?] = [nil]
  private var spare: [UInt16] = []
  /// The cgroup of each area's task as it is now; 0 for none.
  private let owners: UnsafeMutablePointer<UInt16>

  init(leaves: LeafTable, slots: SlotTable) {
    self.leaves = leaves
    self.slots = slots
    owners = .allocate(capacity: Self.limit)
    owners.initialize(repeating: 0, count: Self.limit)
  }

  deinit { owners.deallocate() }

  /// Room for an area of `pages`: its number and its first entry; nil when there is none left.
  func reserve(_ pages: Int) -> (number: UInt16, base: Int)? {
    guard spare.last != nil || areas.count < Self.limit, let base = slots.allocate(pages) else {
      return nil
    }
    if let number = spare.popLast() { return (number, base) }
    areas.append(nil)
    return (UInt16(areas.count - 1), base)
  }

  func add(_ area: Area, owner memcg: UInt16) {
    areas[Int(area.number)] = area
    owners[Int(area.number)] = memcg
    for block in (area.base >> 6)...((area.base + area.pages - 1) >> 6) {
      leaves.rows[block] = LeafRow(
        next: 0, previous: 0, entries: 0, shadows: 0, memcg: 0, state: 0, file: area.number)
    }
  }

  /// The area is gone; its entries are empty.
  func remove(_ area: Area) {
    areas[Int(area.number)] = nil
    owners[Int(area.number)] = 0
    spare.append(area.number)
    slots.free(area.base, area.pages)
  }

  func moved(_ area: Area, to memcg: UInt16) { owners[Int(area.number)] = memcg }

  @inline(__always) func number(ofEntry slot: Int) -> UInt16 { leaves.rows[slot >> 6].file }

  @inline(__always) func area(_ number: UInt16) -> Area { areas[Int(number)]! }

  /// The cgroup whose task uses the entry.
  @inline(__always) func owner(ofEntry slot: Int) -> UInt16 {
    owners[Int(leaves.rows[slot >> 6].file)]
  }
}
