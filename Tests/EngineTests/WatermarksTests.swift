// SPDX-License-Identifier: Apache-2.0
// Watermarks, reserves and per-CPU sizes: the vectors of reference 31.9 and 31.10.

import ReclaimEngine
import Testing

@Suite struct WatermarksTests {
  struct Row: CustomTestStringConvertible {
    var managed: [Int]
    var minFreeKilobytes: Int
    /// min, low, high of each zone.
    var marks: [[Int]]
    /// Kept back by each zone from requests of the highest class.
    var reserves: [Int]
    /// False for a machine with transparent huge pages, which raise min_free_kbytes.
    var isOwnMinimum = true
    var testDescription: String { "\(managed) of \(minFreeKilobytes) kB" }
  }

  static let rows = [
    Row(
      managed: [3840, 57000], minFreeKilobytes: 1973, marks: [[31, 38, 45], [461, 576, 691]],
      reserves: [222, 0]),
    Row(
      managed: [3840, 57000], minFreeKilobytes: 12020,
      marks: [[189, 236, 283], [2815, 3518, 4221]], reserves: [222, 0], isOwnMinimum: false),
    Row(
      managed: [3840, 116_500], minFreeKilobytes: 2775, marks: [[22, 27, 32], [670, 837, 1004]],
      reserves: [455, 0]),
    Row(
      managed: [3840, 116_500], minFreeKilobytes: 23860,
      marks: [[190, 237, 284], [5774, 7217, 8660]], reserves: [455, 0], isOwnMinimum: false),
    Row(
      managed: [3840, 245_000], minFreeKilobytes: 3990, marks: [[15, 18, 21], [981, 1226, 1471]],
      reserves: [957, 0]),
    Row(
      managed: [3840, 500_000], minFreeKilobytes: 5678,
      marks: [[10, 13, 16], [1408, 1908, 2408]],
      reserves: [1953, 0]),
    Row(
      managed: [3840, 760_000, 250_000], minFreeKilobytes: 8055,
      marks: [[7, 10, 13], [1508, 2268, 3028], [496, 746, 996]], reserves: [3945, 976, 0]),
    Row(
      managed: [3840, 760_000, 3_300_000], minFreeKilobytes: 67584,
      marks: [[15, 18, 21], [3159, 3948, 4737], [13720, 17150, 20580]],
      reserves: [15859, 12890, 0], isOwnMinimum: false),
    Row(
      managed: [3840, 760_000, 15_700_000], minFreeKilobytes: 32460,
      marks: [[1, 4, 7], [374, 1134, 1894], [7738, 23438, 39138]],
      reserves: [64296, 61328, 0]),
  ]

  @Test(arguments: rows)
  func marksAreThoseOfTheReference(row: Row) {
    let total = row.managed.reduce(0, +)
    for (managed, expected) in zip(row.managed, row.marks) {
      let marks = Watermarks.ofZone(
        managed: managed, total: total, minFreeKilobytes: row.minFreeKilobytes, scaleFactor: 10)
      #expect([marks.min, marks.low, marks.high] == expected)
    }
  }

  @Test(arguments: rows.filter(\.isOwnMinimum))
  func theMinimumGrowsWithTheRootOfMemory(row: Row) {
    let pages = row.managed.reduce(0, +)
    #expect(Watermarks.minFreeKilobytes(lowMemoryPages: pages) == row.minFreeKilobytes)
  }

  @Test func theMinimumStaysWithinItsBounds() {
    #expect(Watermarks.minFreeKilobytes(lowMemoryPages: 1) == 128)
    #expect(Watermarks.minFreeKilobytes(lowMemoryPages: 256) == 128)
    #expect(Watermarks.minFreeKilobytes(lowMemoryPages: 261) == 129)
    #expect(Watermarks.minFreeKilobytes(lowMemoryPages: 1 << 34) == 262_144)
  }

  @Test(arguments: rows)
  func lowerZonesKeepPagesBack(row: Row) {
    let highest = row.managed.count - 1
    let reserves = Watermarks.reserves(managed: row.managed)
    #expect(reserves.map { $0[highest] } == row.reserves)
    #expect(row.managed.indices.allSatisfy { reserves[$0][0] == 0 })
  }

  @Test(arguments: [
    (3840, 27, 2, 1, 13), (116_500, 837, 2, 31, 418), (116_500, 7217, 2, 31, 3608),
    (245_000, 1200, 4, 63, 300), (760_000, 2100, 4, 63, 525), (3_300_000, 9000, 8, 63, 1125),
    (15_700_000, 42000, 32, 63, 1312),
  ])
  func perCPUSizesAreThoseOfTheReference(
    managed: Int, low: Int, cpus: Int, batch: Int, high: Int
  ) {
    #expect(Watermarks.perCPUBatch(managed: managed) == batch)
    #expect(
      Watermarks.perCPUHigh(.toOrderThree, managed: managed, low: low, cpus: cpus) == high)
  }

  /// The table of reference 17.11.
  @Test(arguments: [
    (1, 1 << 18, 10), (2, 1 << 20, 28), (4, 1 << 21, 48), (8, 1 << 22, 72), (16, 1 << 24, 110),
    (64, 1 << 26, 125),
  ])
  func aCPUKeepsSoManyUpdatesToItself(cpus: Int, pages: Int, threshold: Int) {
    #expect(Watermarks.statThreshold(cpus: cpus, managed: pages) == threshold)
  }

  @Test func lessWhileKswapdIsUp() {
    #expect(Watermarks.pressureStatThreshold(cpus: 1, low: 837, min: 670) == 125)
    #expect(Watermarks.pressureStatThreshold(cpus: 2, low: 837, min: 670) == 83)
    #expect(Watermarks.pressureStatThreshold(cpus: 4, low: 12, min: 10) == 1)
  }

  /// The worked example of reference 23.11, without and with huge pages.
  @Test(arguments: [(32, 1004, 1491), (284, 8660, 9399)])
  func zonesKeepBackSoMuchInAll(dma: Int, dma32: Int, total: Int) {
    let zones = [(3840, dma, [0, 455]), (116_500, dma32, [0, 0])]
    let kept = zones.map { Watermarks.reserve(managed: $0, high: $1, protection: $2) }
    #expect(kept.reduce(0, +) == total)
    #expect(Watermarks.reserve(managed: 100, high: 32, protection: [0, 455]) == 100)
  }

  @Test func perCPUListsHoldAtLeastFourBatches() {
    #expect(Watermarks.perCPUHigh(.toOrderThree, managed: 245_000, low: 252, cpus: 1) == 252)
    #expect(Watermarks.perCPUHigh(.toOrderThree, managed: 245_000, low: 251, cpus: 1) == 252)
  }
}
