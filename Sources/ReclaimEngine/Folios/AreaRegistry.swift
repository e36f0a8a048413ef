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
  /// What reclaim asks about the area of an entry, at hand without touching the area itself.
  private struct Facts {
    /// The cgroup of the area's task as it is now; 0 for none.
    var owner: UInt16 = 0
    var isSequential = false
  }
  private let facts: UnsafeMutablePointer<Facts>

  init(leaves: LeafTable, slots: SlotTable) {
    self.leaves = leaves
    self.slots = slots
    facts = .allocate(capacity: Self.limit)
    facts.initialize(repeating: Facts(), count: Self.limit)
  }

  deinit { facts.deallocate() }

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
    facts[Int(area.number)] = Facts(owner: memcg, isSequential: area.advice == .sequential)
    for block in (area.base >> 6)...((area.base + area.pages - 1) >> 6) {
      leaves.rows[block] = LeafRow(
        next: 0, previous: 0, entries: 0, shadows: 0, memcg: 0, state: 0, file: area.number)
    }
  }

  /// The area is gone; its entries are empty.
  func remove(_ area: Area) {
    areas[Int(area.number)] = nil
    facts[Int(area.number)] = Facts()
    spare.append(area.number)
    slots.free(area.base, area.pages)
  }

  func moved(_ area: Area, to memcg: UInt16) { facts[Int(area.number)].owner = memcg }

  /// madvise says how the area will be accessed.
  func advise(_ area: Area, _ advice: Area.Advice) {
    area.advice = advice
    facts[Int(area.number)].isSequential = advice == .sequential
  }

  /// The cgroup whose task uses the entry.
  @inline(__always) func owner(ofEntry slot: Int) -> UInt16 {
    facts[Int(leaves.rows[slot >> 6].file)].owner
  }

  /// Whether accesses through the entry save nothing: MADV_SEQUENTIAL.
  @inline(__always) func isSequential(_ slot: Int) -> Bool {
    facts[Int(leaves.rows[slot >> 6].file)].isSequential
  }
}
