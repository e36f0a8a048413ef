// SPDX-License-Identifier: Apache-2.0
// How much is read at a swap-in, and which pages or slots (reference 22 §22.5, 31 §31.7).

import ReclaimEngine
import Testing

@Suite struct SwapReadaheadTests {
  /// The table of 31 §31.7.
  @Test(arguments: [
    (0, false, 0, 1), (0, true, 0, 2), (0, false, 8, 4), (0, false, 4, 2), (1, false, 1, 4),
    (2, false, 4, 4), (3, false, 4, 8), (4, false, 0, 8), (6, false, 8, 8), (7, false, 8, 8),
    (0, false, 1, 1),
  ])
  func windowsAreThoseOfTheReference(hits: Int, adjacent: Bool, previous: Int, window: Int) {
    #expect(
      SwapReadahead.windowSize(hits: hits, isAdjacent: adjacent, previous: previous, max: 8)
        == window)
  }

  /// "Target position: ascending: starts at fault; descending: ends at fault; else fault at index
  /// (w−1)/2."
  @Test(arguments: [(11, 11..<19), (9, 2..<10), (50, 47..<55), (1, 0..<6)])
  func theWindowLiesAsTheFaultsGo(index: Int, window: Range<Int>) {
    var state = SwapReadaheadState(hits: 6, window: 0, last: 10)
    #expect(SwapReadahead.window(at: index, &state, max: 8, bounds: 0..<1000) == window)
    #expect(state == SwapReadaheadState(hits: 0, window: 8, last: index))
  }

  /// "Cluster: aligned block of size w (pow 2)"; "hits counter consumed each time; initial value 4;
  /// prev offset updated only when hits = 0"; offset 0 is the header.
  @Test func blocksOnTheDeviceAreAligned() {
    var state = ClusterReadahead()
    #expect(state.window(at: 13, max: 8, total: 100) == 8...15)
    // No hit, not adjacent: half of the last window.
    #expect(state.window(at: 30, max: 8, total: 100) == 28...31)
    #expect(state.window(at: 50, max: 8, total: 100) == 50...51)
    #expect(state.window(at: 70, max: 8, total: 100) == 70...70)
    // Adjacent to the last one.
    #expect(state.window(at: 71, max: 8, total: 100) == 70...71)
    state.hits = 3
    #expect(state.window(at: 3, max: 8, total: 100) == 1...7)
    state.hits = 7
    #expect(state.window(at: 99, max: 8, total: 100) == 96...100)
    // 71 is still the last one that followed no hit.
    state.hits = 0
    #expect(state.window(at: 5, max: 2, total: 100) == 4...7)
  }
}
