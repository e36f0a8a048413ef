// SPDX-License-Identifier: Apache-2.0
// Kernel objects charged in bytes through one stock (reference 13 §13.7).

import ReclaimEngine
import Testing

@Suite struct ObjectChargesTests {
  @Test(arguments: [(1, 1), (4096, 1), (4097, 2), (0, 0)])
  func anObjectTakesWholePages(size: Int, pages: Int) {
    #expect(ObjectCharges.pages(for: size) == pages)
  }

  /// Seven objects of 592 bytes lie in one page with 536 to spare: the seventh takes another page
  /// only when the stock is one byte short.
  @Test func objectsShareAPageUntilItIsUsedUp() throws {
    let t = try ChargesUnderTest()
    for _ in 0..<6 { #expect(t.objects.tryCharge(t.a, 592, reclaimable: true) == 0) }
    #expect(t.kernelPages(t.a) == 1)
    #expect(t.objects.stocked == (t.a, 544))
    #expect(t.objects.tryCharge(t.a, 544, reclaimable: true) == 0)
    #expect(t.kernelPages(t.a) == 1 && t.objects.stocked.bytes == 0)
    #expect(t.objects.tryCharge(t.a, 1, reclaimable: true) == 0)
    #expect(t.kernelPages(t.a) == 2 && t.objects.stocked.bytes == 4095)
  }

  /// The stock is not consulted when it is too small: a whole page is charged, and the stock may
  /// then exceed a page.
  @Test func aChargeThatTheStockCannotServeTakesItsPagesAnew() throws {
    let t = try ChargesUnderTest()
    _ = t.objects.tryCharge(t.a, 1000, reclaimable: true)
    #expect(t.objects.stocked.bytes == 3096)
    _ = t.objects.tryCharge(t.a, 3097, reclaimable: true)
    #expect(t.kernelPages(t.a) == 2)
    #expect(t.objects.stocked.bytes == 3096 + 999)
    _ = t.objects.tryCharge(t.a, 4096, reclaimable: true)
    #expect(t.objects.stocked.bytes == 4095)
    _ = t.objects.tryCharge(t.a, 8000, reclaimable: false)
    #expect(t.kernelPages(t.a) == 5)
    #expect(t.objects.stocked.bytes == 4095 + 192)
  }

  @Test func freedObjectsGiveWholePagesToThePageStock() throws {
    let t = try ChargesUnderTest()
    _ = t.objects.tryCharge(t.a, 4000, reclaimable: true)
    #expect(t.stock.stocked == (t.a, 63))
    t.objects.free(t.a, 4000, reclaimable: true)
    // Exactly a page stays; only more is given back.
    #expect(t.objects.stocked.bytes == 4096 && t.kernelPages(t.a) == 1)
    t.objects.free(t.a, 1, reclaimable: true)
    #expect(t.objects.stocked.bytes == 1 && t.kernelPages(t.a) == 0)
    #expect(t.stock.stocked == (t.a, 64))
    #expect(t.usage(t.a) == 64)
  }

  @Test func aSwitchRemembersTheRestAndFetchesItBack() throws {
    let t = try ChargesUnderTest()
    _ = t.objects.tryCharge(t.a, 96, reclaimable: true)
    _ = t.objects.tryCharge(t.c, 96, reclaimable: true)
    #expect(t.objects.stocked == (t.c, 4000))
    #expect(t.tree.rows[Int(t.a)].objectRemainder == 4000)
    // The stock of a is out of reach before the switch: another page; 8000 bytes are then there,
    // and since the stock was switched the whole page among them goes back.
    _ = t.objects.tryCharge(t.a, 96, reclaimable: true)
    #expect(t.objects.stocked == (t.a, 8000 - 4096))
    #expect(t.tree.rows[Int(t.a)].objectRemainder == 0)
    #expect(t.kernelPages(t.a) == 1)
    #expect(t.stock.stocked == (t.a, 64))
  }

  @Test func aDrainGivesWholePagesToTheCountersAndRemembersTheRest() throws {
    let t = try ChargesUnderTest()
    _ = t.objects.tryCharge(t.a, 1000, reclaimable: true)
    _ = t.objects.tryCharge(t.a, 3097, reclaimable: true)
    _ = t.objects.tryCharge(t.a, 4090, reclaimable: true)
    t.objects.free(t.a, 50, reclaimable: true)
    t.stock.drain()
    let before = (t.usage(t.a), t.kernelPages(t.a), t.objects.stocked.bytes)
    #expect(before == (2, 2, 55))
    t.objects.drain(below: t.c)
    #expect(t.objects.stocked.memcg == t.a)
    t.objects.drain(below: t.a)
    #expect(t.objects.stocked == (0, 0))
    #expect(t.tree.rows[Int(t.a)].objectRemainder == 55)
    #expect(t.usage(t.a) == 2)
  }

  @Test func aFullCgroupIsNamedAndNothingIsStocked() throws {
    let t = try ChargesUnderTest()
    t.limit(t.a, 1)
    #expect(t.objects.tryCharge(t.b, 4097, reclaimable: true) == t.a)
    #expect(t.kernelPages(t.b) == 0 && t.usage(t.a) == 0)
    #expect(t.objects.tryCharge(t.b, 4096, reclaimable: true) == 0)
    #expect(t.usage(t.a) == 1)
  }

  @Test func anObjectChargedSlowlyLeavesItsRestInStock() throws {
    let t = try ChargesUnderTest()
    #expect(t.stock.tryCharge(t.a, 1) == 0)
    t.objects.chargedSlowly(t.a, 592, reclaimable: true)
    #expect(t.objects.stocked == (t.a, 4096 - 592))
    #expect(t.kernelPages(t.a) == 1)
  }

  @Test func theRootPaysNothing() throws {
    let t = try ChargesUnderTest()
    #expect(t.objects.tryCharge(MemcgTree.rootNumber, 9000, reclaimable: true) == 0)
    t.objects.free(MemcgTree.rootNumber, 9000, reclaimable: true)
    #expect(t.objects.stocked == (0, 0))
  }
}
