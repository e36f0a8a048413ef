// SPDX-License-Identifier: Apache-2.0
// Who may lie where: pages that can be moved keep apart from those that cannot, a pageblock of 512
// frames at a time (reference 23 §23.9).

/// Who may lie in a pageblock: pages that can be moved, that can be reclaimed, or neither.
package enum Mobility: UInt8, CaseIterable {
  case movable, unmovable, reclaimable

  /// The kernel's number for it (reference 30 §30.3).
  var migrateType: Int {
    switch self {
    case .unmovable: 0
    case .movable: 1
    case .reclaimable: 2
    }
  }

  /// Where a request of this mobility looks when its own lists are empty, in order.
  var fallbacks: (Mobility, Mobility) {
    switch self {
    case .movable: (.reclaimable, .unmovable)
    case .unmovable: (.reclaimable, .movable)
    case .reclaimable: (.unmovable, .movable)
    }
  }
}

/// The mobility of each pageblock of a zone.
struct Pageblocks {
  private let mobilities: UnsafeMutablePointer<UInt8>
  /// The pageblock that holds the zone's first frame.
  private let first: Int

  init(start: UInt32, end: UInt32) {
    first = Int(start >> 9)
    let count = Int((end + 511) >> 9) - first
    mobilities = .allocate(capacity: count)
    mobilities.initialize(repeating: Mobility.movable.rawValue, count: count)
  }

  /// Gives the table back; it must not be used afterwards.
  func release() { mobilities.deallocate() }

  /// The mobility of the pageblock that holds the frame.
  subscript(frame: UInt32) -> Mobility {
    get { Mobility(rawValue: mobilities[Int(frame >> 9) - first])! }
    nonmutating set { mobilities[Int(frame >> 9) - first] = newValue.rawValue }
  }
}
