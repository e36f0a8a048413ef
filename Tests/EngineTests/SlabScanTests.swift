// SPDX-License-Identifier: Apache-2.0
// do_shrink_slab's arithmetic: the vectors of reference 17.6.

import ReclaimEngine
import Testing

@Suite struct SlabScanTests {
  struct Vector: CustomTestStringConvertible {
    var freeable: Int, priority: Int, deferred: Int, seeks: Int
    /// delta, total, scanned, deferred written; up to 5.10 and from 6.1 on.
    var whole: [Int], shifted: [Int]
    var testDescription: String { "\(freeable) at \(priority), \(deferred) deferred" }

    init(_ f: Int, _ p: Int, _ d: Int, _ s: Int, _ whole: [Int], _ shifted: [Int]? = nil) {
      (freeable, priority, deferred, seeks) = (f, p, d, s)
      self.whole = whole
      self.shifted = shifted ?? whole
    }
  }

  static let vectors = [
    Vector(100_000, 12, 0, 2, [48, 48, 0, 48]),
    Vector(100_000, 12, 5000, 2, [48, 5048, 4992, 56], [48, 49, 0, 5048]),
    Vector(100_000, 6, 5000, 2, [3124, 8124, 8064, 60], [3124, 3202, 3200, 4924]),
    Vector(1000, 12, 0, 2, [0, 0, 0, 0]),
    Vector(1000, 3, 60, 2, [250, 310, 256, 54], [250, 257, 256, 54]),
    Vector(100, 2, 0, 2, [50, 50, 0, 50]),
    Vector(100, 1, 0, 2, [100, 100, 100, 0]),
    Vector(64, 0, 0, 2, [128, 128, 128, 0]),
    Vector(5000, 12, 0, 0, [2500, 2500, 2432, 68]),
    Vector(
      1_000_000, 2, 3_000_000, 2, [500_000, 2_000_000, 2_000_000, 1_500_000],
      [500_000, 1_250_000, 1_249_920, 2_000_000]),
  ]

  /// A shrinker that scans exactly what it is asked for and never stops.
  private func run(_ v: Vector, _ behaviour: DeferredShrink) -> [Int] {
    var scan = SlabScan(
      freeable: v.freeable, deferred: v.deferred, priority: v.priority, seeks: v.seeks,
      behaviour: behaviour)
    let total = scan.total
    var scanned = 0
    while let n = scan.step(v.freeable, batch: 128) {
      scanned += n
      scan.total -= n
    }
    return [
      scan.delta, total, scanned,
      scan.deferred(
        before: v.deferred, scanned: scanned, freeable: v.freeable, behaviour: behaviour),
    ]
  }

  @Test(arguments: vectors)
  func scansAreThoseOfTheReference(vector: Vector) {
    #expect(run(vector, .whole) == vector.whole)
    #expect(run(vector, .shifted) == vector.shifted)
  }

  @Test func aStepIsABatchOrWhatIsLeft() {
    let scan = SlabScan(freeable: 5000, deferred: 0, priority: 12, seeks: 0, behaviour: .shifted)
    #expect(scan.step(5000, batch: 128) == 128)
    var rest = scan
    rest.total = 127
    #expect(rest.step(5000, batch: 128) == nil)
    #expect(rest.step(127, batch: 128) == 127)
    rest.total = 0
    #expect(rest.step(0, batch: 128) == nil)
  }
}
