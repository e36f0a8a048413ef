// SPDX-License-Identifier: Apache-2.0
// Where areas lie, seen by the page tables they need: one for each 512 pages of address space that
// is touched (reference 26 §26.1, "address"; fidelity/starting-state.md).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct AddressSpaceTests {
  private func tables(_ looks: [Snapshot]) -> [Int] {
    looks.map { $0[.nr_page_table_pages] - looks[0][.nr_page_table_pages] }
  }

  /// "≤ 6.1 directly below the previous mapping": the first area ends at page 500 (504 on 5.10) of
  /// a table that exists.
  @Test(arguments: [("5.10", 504), ("6.1", 500)])
  func theFirstAreaSharesTheProgramsTable(kernel: String, pages: Int) throws {
    let fits = try AreaMachine(kernel).looks(.map(pages), .store(pages))
    #expect(tables(fits) == [0, 0, 0])
    let reaches = try AreaMachine(kernel).looks(.map(pages + 1), .store(pages, from: 1), .store(1))
    #expect(tables(reaches) == [0, 0, 0, 1])
  }

  /// A table that two areas share is needed once and goes with the last of them.
  @Test func neighboursShareATable() throws {
    func map(_ name: String, _ pages: Int) -> Operation {
      .map(area: name, .anonymous(shared: false), pages: pages)
    }
    let seen = try AreaMachine().looks(
      map("A", 500), map("B", 10), map("C", 10), .store(10, in: "B"), .store(10, in: "C"),
      .unmap(area: "B"), .unmap(area: "C"))
    #expect(tables(seen) == [0, 0, 0, 0, 1, 1, 1, 0])
  }

  /// The highest gap that is large enough is taken.
  @Test func aGapIsUsedAgain() throws {
    func map(_ name: String, _ pages: Int) -> Operation {
      .map(area: name, .anonymous(shared: false), pages: pages)
    }
    let seen = try AreaMachine().looks(
      map("A", 400), map("B", 612), .unmap(area: "A"), map("C", 300), .store(300, in: "C"),
      map("D", 200), .store(200, in: "D"))
    // C lies where A was; D does not fit beside it and goes below B, into a table of its own.
    #expect(tables(seen)[5] == 0)
    #expect(tables(seen)[7] == 1)
  }

  /// A file's area of at least a table begins at a table's boundary on 6.1 (as recorded), and like
  /// any other on 5.10. Shared memory is placed like private memory.
  @Test(arguments: [("5.10", [0, 1]), ("6.1", [1, 1])])
  func aLargeFileBeginsAtATable(kernel: String, expected: [Int]) throws {
    let page = kernel == "5.10" ? 520 : 511
    let seen = try AreaMachine(kernel).looks(
      .mapFile(shared: true, 1024), .load(1, from: page), .load(1))
    #expect(tables(seen).suffix(2) == expected[...])
    let small = try AreaMachine(kernel).looks(.map(512, shared: true), .store(400, from: 112))
    #expect(tables(small)[2] == 0)
  }
}
