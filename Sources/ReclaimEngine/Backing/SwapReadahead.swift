// SPDX-License-Identifier: Apache-2.0
// Which neighbours come along when a page is read from a timed swap device: readahead by virtual
// address (reference 22 §22.5).
//
// Each area remembers how many pages read ahead were wanted, its last window and its last fault.
// The more hits, the larger the window, up to 2^page-cluster; it never shrinks below half of the
// last one.

/// What an area knows about its swap-ins.
struct SwapReadaheadState: Equatable {
  var hits = 4
  var window = 0
  /// Page of the last fault on a swap entry.
  var last = 0
}

package enum SwapReadahead {
  /// Pages to read at a fault (reference 31 §31.7).
  package static func windowSize(hits: Int, isAdjacent: Bool, previous: Int, max: Int) -> Int {
    var pages = hits + 2
    if hits == 0 {
      if !isAdjacent { pages = 1 }
    } else {
      var rounded = 4
      while rounded < pages { rounded *= 2 }
      pages = rounded
    }
    return Swift.max(min(pages, max), previous / 2)
  }

  /// The window around a fault on page `index`; the state is renewed.
  /// - Parameter bounds: pages that may be read: the area's, within one page table.
  static func window(at index: Int, _ state: inout SwapReadaheadState, max: Int, bounds: Range<Int>)
    -> Range<Int>
  {
    let size = windowSize(
      hits: state.hits, isAdjacent: abs(index - state.last) == 1, previous: state.window, max: max)
    let first: Int
    if index == state.last + 1 {
      first = index
    } else if index + 1 == state.last {
      first = index - size + 1
    } else {
      first = index - (size - 1) / 2
    }
    state = SwapReadaheadState(hits: 0, window: size, last: index)
    let from = Swift.max(first, bounds.lowerBound)
    return from..<Swift.max(from, min(first + size, bounds.upperBound))
  }
}
