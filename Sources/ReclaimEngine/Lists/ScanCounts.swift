// SPDX-License-Identifier: Apache-2.0
// How much of each list is still to be scanned in a visit, and what of it is dropped once enough is
// reclaimed (reference 05 §5.7).

/// A number for each evictable list.
package struct ScanCounts: Equatable {
  package var counts: (Int, Int, Int, Int) = (0, 0, 0, 0)

  package init() {}

  package subscript(_ list: Int) -> Int {
    get {
      switch list {
      case 0: counts.0
      case 1: counts.1
      case 2: counts.2
      default: counts.3
      }
    }
    set {
      switch list {
      case 0: counts.0 = newValue
      case 1: counts.1 = newValue
      case 2: counts.2 = newValue
      default: counts.3 = newValue
      }
    }
  }

  package static func == (a: ScanCounts, b: ScanCounts) -> Bool { a.counts == b.counts }

  var anon: Int { counts.0 + counts.1 }
  var file: Int { counts.2 + counts.3 }
  /// active_anon alone does not keep the loop going.
  package var keepsGoing: Bool { counts.0 != 0 || counts.2 != 0 || counts.3 != 0 }

  /// Once enough is reclaimed: drops the smaller side, cuts the other to the same unscanned share.
  /// False: nothing is left to do.
  package mutating func keepProportion(to targets: ScanCounts) -> Bool {
    if anon == 0 || file == 0 { return false }
    let dropsAnon = file > anon
    let left = dropsAnon ? anon : file
    let percent = left * 100 / ((dropsAnon ? targets.anon : targets.file) + 1)
    let smaller = dropsAnon ? 0 : 2, larger = 2 - smaller
    self[smaller] = 0
    self[smaller + 1] = 0
    for list in larger...(larger + 1) {
      let done = targets[list] - self[list]
      let wanted = targets[list] * (100 - percent) / 100
      self[list] = wanted - min(wanted, done)
    }
    return true
  }
}
