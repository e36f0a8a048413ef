// SPDX-License-Identifier: Apache-2.0
// How many pages a swap-in reads: the vectors of the reference.

import ReclaimEngine
import Testing

@Suite struct SwapReadaheadTests {
  /// hits, adjacent, previous window, window; max 8 (reference 31 §31.7).
  @Test(arguments: [
    (0, false, 0, 1), (0, true, 0, 2), (0, false, 8, 4), (0, false, 4, 2), (1, false, 1, 4),
    (2, false, 4, 4), (3, false, 4, 8), (4, false, 0, 8), (6, false, 8, 8), (7, false, 8, 8),
    (0, false, 1, 1),
  ])
  func windowsFollowTheVectors(_ hits: Int, _ isAdjacent: Bool, _ previous: Int, _ window: Int) {
    #expect(
      SwapReadahead.windowSize(hits: hits, isAdjacent: isAdjacent, previous: previous, max: 8)
        == window)
  }
}
