// SPDX-License-Identifier: Apache-2.0
// How much is read ahead: the sizes of reference 31.6, the sequences of 25.6, the rules of 25.2.

import ReclaimEngine
import Testing

/// A reader of a file nothing of which is cached at first.
private struct ReaderUnderTest {
  var state = ReadaheadState()
  var cached: Set<Int> = []
  var marker: Int?
  var previousPage = -1
  var max = 32
  var growth = ReadaheadGrowth.neverSmaller
  /// Windows as "at:[start,end) m marker".
  private(set) var windows: [String] = []

  /// One read of `n` pages from `first`.
  mutating func read(_ first: Int, _ n: Int = 1) {
    for page in first..<(first + n) {
      let missing = !cached.contains(page)
      if !missing, marker != page { continue }
      if !missing { marker = nil }
      let here = cached
      let window = Readahead.window(
        at: page, requested: first + n - page, marker: !missing, state: &state,
        previousPage: previousPage, max: max, growth: growth
      ) { here.contains($0) }
      let end = window.start + window.size
      let mark = window.lookahead > 0 ? end - window.lookahead : nil
      // A page that is cached already gets no marker.
      if let mark, !cached.contains(mark) { marker = mark }
      cached.formUnion(window.start..<end)
      windows.append(
        "\(page):[\(window.start),\(end))" + (mark.map { " m\($0)" } ?? ""))
    }
    previousPage = first + n
  }
}

@Suite struct ReadaheadTests {
  static let sizes = [1, 2, 4, 5, 8, 16, 32]
  static let nextSizes = [1, 2, 4, 8, 12, 16, 20, 32]

  @Test(arguments: [
    (8, [2, 4, 8, 8, 8, 8, 8], [2, 4, 8, 8, 8, 8, 8, 8]),
    (16, [2, 4, 8, 16, 16, 16, 16], [2, 4, 8, 16, 16, 16, 16, 16]),
    (32, [4, 4, 8, 16, 16, 32, 32], [4, 4, 8, 16, 24, 32, 32, 32]),
    (64, [4, 8, 8, 16, 16, 32, 64], [4, 8, 8, 16, 24, 32, 40, 64]),
    (256, [4, 8, 16, 32, 32, 32, 64], [4, 8, 16, 32, 48, 32, 40, 64]),
    (1024, [4, 8, 16, 32, 32, 64, 128], [4, 8, 16, 32, 48, 64, 80, 128]),
  ])
  func windowSizesAreThoseOfTheReference(max: Int, initial: [Int], next: [Int]) {
    #expect(Self.sizes.map { Readahead.initialSize($0, max: max) } == initial)
    #expect(Self.nextSizes.map { Readahead.nextSize($0, max: max) } == next)
  }

  @Test func readingInOrderDoublesTheWindow() {
    var reader = ReaderUnderTest()
    for page in 0..<92 { reader.read(page) }
    #expect(
      reader.windows == [
        "0:[0,4) m1", "1:[4,12) m4", "4:[12,28) m12", "12:[28,60) m28", "28:[60,92) m60",
        "60:[92,124) m92",
      ])
  }

  @Test func largerReadsBeginWithLargerWindows() {
    var reader = ReaderUnderTest()
    for first in stride(from: 0, to: 32, by: 4) { reader.read(first, 4) }
    #expect(
      reader.windows == ["0:[0,8) m4", "4:[8,24) m8", "8:[24,56) m24", "24:[56,88) m56"])
  }

  @Test func aReadOfAWholeWindowReadsTheNextAsWell() {
    var reader = ReaderUnderTest()
    for first in stride(from: 0, to: 96, by: 32) { reader.read(first, 32) }
    #expect(
      reader.windows == [
        "0:[0,32) m16", "16:[32,64) m32", "32:[64,96) m64", "64:[96,128) m96",
      ])
  }

  @Test func scatteredReadsFetchWhatTheyAskFor() {
    var reader = ReaderUnderTest()
    reader.read(500)
    reader.read(100)
    reader.read(300, 32)
    #expect(reader.windows == ["500:[500,501)", "100:[100,101)", "300:[300,332)"])
    #expect(reader.state == ReadaheadState())
  }

  @Test func readingInOrderFromTheMiddleStartsAtTheSecondPage() {
    var reader = ReaderUnderTest()
    for page in 100..<106 { reader.read(page) }
    #expect(
      reader.windows == [
        "100:[100,101)", "101:[101,105) m102", "102:[105,113) m105", "105:[113,129) m113",
      ])
  }

  @Test func readingInOrderByFourPagesFromTheMiddle() {
    var reader = ReaderUnderTest()
    for first in stride(from: 100, to: 116, by: 4) { reader.read(first, 4) }
    #expect(
      reader.windows == [
        "100:[100,104)", "104:[104,112) m108", "108:[112,128) m112", "112:[128,160) m128",
      ])
  }

  /// A miss behind a run of cached pages: the run says how much, doubled when it began the file.
  @Test(arguments: [(40, 8, "48:[48,57) m56"), (0, 8, "8:[8,25) m24"), (40, 1, "41:[41,42)")])
  func aRunOfCachedPagesIsContext(first: Int, n: Int, window: String) {
    var reader = ReaderUnderTest()
    reader.cached = Set(first..<(first + n))
    reader.previousPage = 900
    reader.read(first + n)
    #expect(reader.windows == [window])
  }

  @Test func aMarkerOutOfOrderGoesOnBehindTheHole() {
    var reader = ReaderUnderTest()
    reader.cached = Set(200..<210)
    reader.marker = 205
    reader.read(205)
    #expect(reader.windows == ["205:[210,222) m210"])
  }

  /// When all pages that may be looked at are cached, reading goes on at the last of them.
  @Test func aMarkerInALongCachedRunGoesOnAtTheLastPageLookedAt() {
    var reader = ReaderUnderTest()
    reader.cached = Set(200..<300)
    reader.marker = 205
    reader.read(205)
    #expect(reader.windows == ["205:[237,269) m237"])
  }

  /// After a window grown beyond the maximum by a marker rule, 6.1 never shrinks it; 5.10 does.
  @Test(arguments: [(ReadaheadGrowth.neverSmaller, 40), (.next, 32)])
  func windowsNeverShrinkOnSixOne(growth: ReadaheadGrowth, size: Int) {
    var state = ReadaheadState()
    state.start = 100
    state.size = 40
    state.lookahead = 20
    let window = Readahead.window(
      at: 120, requested: 1, marker: false, state: &state, previousPage: 0, max: 32,
      growth: growth
    ) { _ in false }
    #expect(window.start == 140 && window.size == size && window.lookahead == size)
  }
}
