// SPDX-License-Identifier: Apache-2.0
// Where 5.10 does something else than 6.1, mechanism by mechanism.

import ReclaimEngine
import Testing
import UAPI

@Suite struct Linux5_10Tests {
  // MARK: charging

  @Test(arguments: [("5.10", 32), ("6.1", 64)])
  func aChargeTakesABatch(kernel: String, batch: Int) throws {
    let driven = try Driven(kernel)
    var usage: Int?
    driven.perform([.mapAnonymous]) { usage = $0.observe().cgroup("a")!.current }
    #expect(usage == batch)
  }

  /// After a reclaim a charge takes exactly what it needs.
  @Test func aChargeTriedAgainTakesNoBatch() throws {
    let tree = try MemcgTree(profile: .linux5_10)
    let a = try #require(tree.makeChild(of: tree.root, named: "a")).number
    let stock = ChargeStock(tree, .linux5_10)
    #expect(stock.retryCharge(a, 1, counted: true) == 0)
    #expect(tree.rows[Int(a)].usage == 1)
    #expect(stock.tryCharge(a, 1) == 0)
    #expect(tree.rows[Int(a)].usage == 33 && stock.stocked.pages == 31)
    #expect(stock.retryCharge(a, 2, counted: true) == 0)
    #expect(tree.rows[Int(a)].usage == 33 && stock.stocked.pages == 29)
  }

  // MARK: kernel objects

  /// Two cgroups take turns, so that a stock is fetched back with more than a page in it.
  private func turns(_ profile: KernelProfile) throws -> (MemcgTree, ObjectCharges, a: UInt16) {
    let tree = try MemcgTree(profile: profile)
    let a = try #require(tree.makeChild(of: tree.root, named: "a")).number
    let c = try #require(tree.makeChild(of: tree.root, named: "c")).number
    let objects = ObjectCharges(tree, ChargeStock(tree, profile), profile)
    for owner in [a, c, a] { _ = objects.tryCharge(owner, 208, reclaimable: false) }
    return (tree, objects, a)
  }

  @Test func anObjectStockBeyondAPageIsEmptied() throws {
    let (tree, objects, a) = try turns(.linux5_10)
    #expect(objects.stocked == (0, 0))
    #expect(tree.rows[Int(a)].kernelPages == 1)
    #expect(tree.rows[Int(a)].objectRemainder == 2 * 3888 - 4096)
  }

  @Test func laterItKeepsWhatIsLeftOver() throws {
    let (tree, objects, a) = try turns(.linux6_1)
    #expect(objects.stocked == (a, 2 * 3888 - 4096))
    #expect(tree.rows[Int(a)].objectRemainder == 0)
  }

  @Test func aFreedObjectThatOverflowsTheStockEmptiesIt() throws {
    let tree = try MemcgTree(profile: .linux5_10)
    let a = try #require(tree.makeChild(of: tree.root, named: "a")).number
    let objects = ObjectCharges(tree, ChargeStock(tree, .linux5_10), .linux5_10)
    for size in [3000, 3000] { _ = objects.tryCharge(a, size, reclaimable: false) }
    #expect(objects.stocked == (a, 2192))
    objects.free(a, 3000, reclaimable: false)
    #expect(objects.stocked == (0, 0))
    #expect(tree.rows[Int(a)].objectRemainder == 2192 + 3000 - 4096)
  }

  // MARK: files of a cgroup

  @Test func thereIsNoMemoryReclaim() throws {
    #expect(try Driven("5.10").perform([.reclaim(path: "a", Pages(10))]) == [.failed(.ENOENT)])
    #expect(
      try Driven("6.1").perform([.read(64), .reclaim(path: "a", Pages(10))]).last
        != .failed(.ENOENT))
  }

  // MARK: mapped files

  /// nr_mapped after a touch of pages 0, 15 and 20 of a mapping of so many pages.
  private func mapped(pages: Int) throws -> [Int] {
    let driven = try Driven("5.10")
    var mapped: [Int] = []
    let touches = [0, 15, 20].map { page in
      Operation.touch(
        area: "F", write: false, fill: false, AccessPattern(.sequential, from: page, length: 1))
    }
    let map = Operation.map(area: "F", .file("data", shared: true, from: 0), pages: pages)
    driven.perform([.read(64), map] + touches) { mapped.append($0.observe()[.nr_mapped]) }
    return Array(mapped.suffix(3))
  }

  /// The area begins in the middle of an aligned window of 16: the first fault maps 16 pages all
  /// the same, the next one what is left of its aligned window.
  @Test func aFaultMapsSixteenPagesEvenWhereTheAreaBegins() throws {
    #expect(try mapped(pages: 4080) == [16, 16, 24])
  }

  /// The area begins eight pages before the end of a page table.
  @Test func aFaultMapsNothingBeyondItsPageTable() throws {
    #expect(try mapped(pages: 4096) == [8, 24, 24])
  }
}
