// SPDX-License-Identifier: Apache-2.0
// Which neighbours come along when a page is read from swap (reference 22 §22.5).
//
// Anonymous memory on a timed device is read ahead by virtual address: each area remembers how many
// pages read ahead were wanted, its last window and its last fault. Shared memory is read ahead by
// place on the device, in aligned blocks, and all of it shares one memory. The more hits, the
// larger the window, up to 2^page-cluster; it never shrinks below half of the last one.

/// What an area knows about its swap-ins.
package struct SwapReadaheadState: Equatable {
  package var hits = 4
  package var window = 0
  /// Page of the last fault on a swap entry.
  package var last = 0

  package init(hits: Int = 4, window: Int = 0, last: Int = 0) {
    (self.hits, self.window, self.last) = (hits, window, last)
  }
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
  package static func window(
    at index: Int, _ state: inout SwapReadaheadState, max: Int, bounds: Range<Int>
  )
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

/// What the machine knows about reads by place on the device.
package struct ClusterReadahead: Equatable {
  /// Pages read ahead and wanted since the last window.
  package var hits = 4
  package private(set) var window = 0
  /// Offset of the last read that followed no hit.
  private var last = 0

  package init() {}

  /// The slots to read for one of them, itself among them; offset 0 is the header.
  /// - Parameter total: the last usable offset.
  package mutating func window(at offset: Int, max: Int, total: Int) -> ClosedRange<Int> {
    let size = SwapReadahead.windowSize(
      hits: hits, isAdjacent: abs(offset - last) == 1, previous: window, max: max)
    if hits == 0 { last = offset }
    hits = 0
    window = size
    // Windows are powers of two here: hits give 1, 2, 4 or 8, and halving keeps them so.
    let first = offset & ~(size - 1)
    return Swift.max(first, 1)...min(first + size - 1, total)
  }
}
