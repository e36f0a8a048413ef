// SPDX-License-Identifier: Apache-2.0
// How much to read beyond what was asked for: the on-demand readahead of 5.4 to 6.1 (reference 25
// §25.2).
//
// Each open file remembers its current window [start, start + size), of which the last `lookahead`
// pages are read ahead; the page that begins them carries a marker, and reading it asks for the
// next window. Sizes are pages.

package struct ReadaheadState: Equatable {
  package var start = 0
  package var size = 0
  package var lookahead = 0

  package init(start: Int = 0, size: Int = 0, lookahead: Int = 0) {
    (self.start, self.size, self.lookahead) = (start, size, lookahead)
  }
}

/// Pages to be read now: [start, start + size); the page `lookahead` before the end gets the
/// marker, if there is one.
package struct ReadaheadWindow: Equatable {
  package var start: Int
  package var size: Int
  package var lookahead: Int
}

package enum Readahead {
  /// First window for a request of n pages.
  package static func initialSize(_ n: Int, max: Int) -> Int {
    var p = 1
    while p < n { p *= 2 }
    if p <= max / 32 { return 4 * p }
    if p <= max / 4 { return 2 * p }
    return max
  }

  /// The window after one of `size` pages.
  package static func nextSize(_ size: Int, max: Int) -> Int {
    if size < max / 16 { return 4 * size }
    if size <= max / 2 { return 2 * size }
    return max
  }

  /// Decides the window for a page that is missing, or present and carrying the marker.
  /// - Parameters:
  ///   - requested: pages that this read still wants, from `index` on.
  ///   - state: the open file's window; replaced unless the read is taken for a random one.
  ///   - previousPage: page of the byte behind the last read, −1 before the first.
  ///   - isCached: whether a page of the file is in the cache.
  package static func window(
    at index: Int, requested: Int, marker: Bool, state: inout ReadaheadState, previousPage: Int,
    max: Int, growth: ReadaheadGrowth, isCached: (Int) -> Bool
  ) -> ReadaheadWindow {
    var w = state
    if index != 0, index == w.start + w.size - w.lookahead || index == w.start + w.size {
      w.start += w.size
      let next = nextSize(w.size, max: max)
      w.size = growth == .neverSmaller ? Swift.max(w.size, next) : next
      w.lookahead = w.size
    } else if index != 0, marker {
      // Behind the run of cached pages; when all that may be looked at are cached, at the last of
      // them.
      var hole = index + 1
      while hole - index < max, isCached(hole) { hole += 1 }
      w.start = hole
      w.size = nextSize(hole - index + requested, max: max)
      w.lookahead = w.size
    } else if index == 0 || requested > max || (0...1).contains(index - previousPage) {
      w.start = index
      w.size = initialSize(requested, max: max)
      w.lookahead = w.size > requested ? w.size - requested : w.size
    } else {
      var run = 0
      while run < max, index - 1 - run >= 0, isCached(index - 1 - run) { run += 1 }
      if run <= requested {
        return ReadaheadWindow(start: index, size: requested, lookahead: 0)
      }
      if run >= index { run *= 2 }
      w.start = index
      w.size = min(run + requested, max)
      w.lookahead = 1
    }
    if index == w.start, w.size == w.lookahead {
      // The reader is at the very start of its window: read the one behind it as well.
      let more = nextSize(w.size, max: max)
      if w.size + more <= max {
        w.lookahead = more
        w.size += more
      } else {
        w.size = max
        w.lookahead = max / 2
      }
    }
    state = w
    return ReadaheadWindow(start: w.start, size: w.size, lookahead: w.lookahead)
  }
}
