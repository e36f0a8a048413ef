// SPDX-License-Identifier: Apache-2.0
// Charges by batches of 64 and the CPU's stock (reference 13 §§13.1, 13.8).

import ReclaimEngine
import Testing

/// A tree with cgroups a, a/b and c, and the stocks charged through.
final class ChargesUnderTest {
  let tree: MemcgTree
  let stock: ChargeStock
  let objects: ObjectCharges
  let a: UInt16, b: UInt16, c: UInt16

  init() throws {
    tree = try MemcgTree(profile: .linux6_1)
    stock = ChargeStock(tree, .linux6_1)
    objects = ObjectCharges(tree, stock, .linux6_1)
    let top = tree.makeChild(of: tree.root, named: "a")!
    a = top.number
    b = tree.makeChild(of: top, named: "b")!.number
    c = tree.makeChild(of: tree.root, named: "c")!.number
  }

  func usage(_ memcg: UInt16) -> Int { tree.rows[Int(memcg)].usage }
  func limit(_ memcg: UInt16, _ pages: Int) { tree.rows[Int(memcg)].max = pages }
  func kernelPages(_ memcg: UInt16) -> Int { tree.rows[Int(memcg)].kernelPages }
}

@Suite struct ChargeStockTests {
  @Test func aChargeTakesABatchAndKeepsTheRest() throws {
    let t = try ChargesUnderTest()
    #expect(t.stock.tryCharge(t.a, 1) == 0)
    #expect(t.usage(t.a) == 64)
    #expect(t.stock.stocked == (t.a, 63))
    for _ in 0..<63 { #expect(t.stock.tryCharge(t.a, 1) == 0) }
    #expect(t.usage(t.a) == 64)
    #expect(t.stock.tryCharge(t.a, 1) == 0)
    #expect(t.usage(t.a) == 128)
  }

  @Test func ancestorsAreChargedAsWell() throws {
    let t = try ChargesUnderTest()
    _ = t.stock.tryCharge(t.b, 1)
    #expect(t.usage(t.b) == 64 && t.usage(t.a) == 64 && t.usage(t.c) == 0)
    t.stock.uncharge(t.b, 10)
    #expect(t.usage(t.b) == 54 && t.usage(t.a) == 54)
  }

  @Test func theRootIsNeverCharged() throws {
    let t = try ChargesUnderTest()
    #expect(t.stock.tryCharge(MemcgTree.rootNumber, 1000) == 0)
    t.stock.uncharge(MemcgTree.rootNumber, 1000)
    #expect(t.usage(MemcgTree.rootNumber) == 0)
    #expect(t.stock.stocked.pages == 0)
  }

  @Test func aBatchThatFitsExactlyIsChargedAndOnePageLessIsNot() throws {
    let fits = try ChargesUnderTest()
    fits.limit(fits.a, 64)
    #expect(fits.stock.tryCharge(fits.a, 1) == 0)
    #expect(fits.usage(fits.a) == 64)

    let tight = try ChargesUnderTest()
    tight.limit(tight.a, 63)
    #expect(tight.stock.tryCharge(tight.a, 1) == 0)
    #expect(tight.usage(tight.a) == 1)
    #expect(tight.stock.stocked.pages == 0)
  }

  @Test func theFullCgroupIsNamedAndNothingIsCharged() throws {
    let t = try ChargesUnderTest()
    t.limit(t.a, 5)
    #expect(t.stock.tryCharge(t.b, 5) == 0)
    #expect(t.stock.tryCharge(t.b, 1) == t.a)
    #expect(t.usage(t.b) == 5 && t.usage(t.a) == 5)
    t.limit(t.b, 5)
    #expect(t.stock.tryCharge(t.b, 1) == t.b)
  }

  @Test func whatDoesNotFitIntoABatchIsChargedAlone() throws {
    let t = try ChargesUnderTest()
    #expect(t.stock.tryCharge(t.a, 65) == 0)
    #expect(t.usage(t.a) == 65)
    #expect(t.stock.stocked.pages == 0)
  }

  @Test func anotherCgroupsChargeEmptiesTheStock() throws {
    let t = try ChargesUnderTest()
    _ = t.stock.tryCharge(t.a, 1)
    _ = t.stock.tryCharge(t.c, 1)
    #expect(t.usage(t.a) == 1 && t.usage(t.c) == 64)
    #expect(t.stock.stocked == (t.c, 63))
  }

  @Test func aStockOfMoreThanABatchIsEmptied() throws {
    let t = try ChargesUnderTest()
    _ = t.stock.tryCharge(t.a, 1)
    t.stock.refill(t.a, 1)
    #expect(t.stock.stocked == (t.a, 64))
    t.stock.refill(t.a, 1)
    #expect(t.stock.stocked.pages == 0)
    #expect(t.usage(t.a) == -1)
  }

  @Test func aDrainReachesStocksOfTheSubtreeOnly() throws {
    let t = try ChargesUnderTest()
    _ = t.stock.tryCharge(t.b, 1)
    t.stock.drain(below: t.c)
    #expect(t.usage(t.a) == 64)
    t.stock.drain(below: t.a)
    #expect(t.usage(t.a) == 1 && t.usage(t.b) == 1)
    #expect(t.stock.stocked == (0, 0))
  }
}
