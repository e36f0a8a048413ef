// SPDX-License-Identifier: Apache-2.0
// What an open file reads ahead next, whether its pages are read or mapped (reference 25 §§25.2,
// 25.7).
//
// Both ask the same rule and move the same window; they differ in how much is requested, and in
// whether the marker or a missing page asks.

extension OpenFile {
  /// The window for a page that is missing, or present and marked.
  /// - Parameter requested: pages that are still wanted, from this one on.
  @inline(__always) func nextWindow(
    at page: Int, requested: Int, marker: Bool, _ memory: Memory
  ) -> ReadaheadWindow {
    let slots = memory.cache.slots, base = file.base, pages = file.pages
    return Readahead.window(
      at: page, requested: requested, marker: marker, state: &readahead,
      previousPage: previousEnd < 0 ? -1 : previousEnd >> 12, max: readAheadPages,
      growth: memory.profile.readaheadGrowth
    ) { $0 < pages && slots[base &+ $0].folio != 0 }
  }
}
