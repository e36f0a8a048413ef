// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct FloorTests {
  @Test func theFloorRisesAndNeverSinks() {
    func entry(_ cells: Int, _ hold: Int, _ equal: Int, zeros: Int = 4) -> Floor.Entry {
      Floor.Entry(cells: cells, hold: hold, equal: equal, zeros: zeros)
    }
    var floor = Floor(entries: ["a": entry(10, 8, 5)])
    #expect(floor.isReached(by: entry(10, 8, 5), "a"))
    #expect(!floor.isReached(by: entry(10, 7, 9), "a"))
    #expect(!floor.isReached(by: entry(10, 9, 4), "a"))
    #expect(!floor.isReached(by: entry(9, 8, 5), "a"))
    floor.raise("a", to: entry(10, 7, 9))
    #expect(floor.entries["a"] == entry(10, 8, 5))
    floor.raise("a", to: entry(11, 9, 5))
    #expect(floor.entries["a"] == entry(11, 9, 5))
    floor.raise("b", to: entry(1, 1, 1))
    #expect(floor.entries.count == 2)
  }

  @Test func aCellThatBecomesAZeroIsNoFall() {
    let floor = Floor(entries: ["a": Floor.Entry(cells: 10, hold: 8, equal: 5, zeros: 4)])
    let mended = Floor.Entry(cells: 9, hold: 7, equal: 4, zeros: 5)
    #expect(floor.isReached(by: mended, "a"))
    #expect(!floor.isReached(by: Floor.Entry(cells: 9, hold: 6, equal: 4, zeros: 5), "a"))
  }

  @Test func everyShippedRecordingIsListed() throws {
    #expect(try Floor.read().entries.keys.sorted() == Shipped.allNames)
  }
}
