// SPDX-License-Identifier: Apache-2.0
// In which proportion anonymous and file pages are scanned: the vectors of reference 17.3.

import ReclaimEngine
import Testing

@Suite struct ScanBalanceTests {
  struct Row: CustomTestStringConvertible {
    var swappiness: Int
    var cost: (anon: Int, file: Int)
    /// Weights, and the shares of a target of 1000.
    var weights: (anon: Int, file: Int)
    var shares: (anon: Int, file: Int)
    var testDescription: String { "\(swappiness), \(cost)" }

    init(_ s: Int, _ a: Int, _ f: Int, _ ap: Int, _ fp: Int, _ anon: Int, _ file: Int) {
      swappiness = s
      cost = (a, f)
      weights = (ap, fp)
      shares = (anon, file)
    }
  }

  @Test(arguments: [
    Row(60, 0, 0, 60, 140, 300, 700), Row(60, 0, 1000, 179, 209, 461, 538),
    Row(60, 1000, 0, 89, 419, 175, 824), Row(60, 1000, 1000, 119, 279, 298, 701),
    Row(100, 0, 5000, 299, 149, 667, 332), Row(133, 2000, 500, 221, 167, 569, 430),
    Row(0, 10, 10, 0, 393, 0, 1000), Row(200, 10, 10, 393, 0, 1000, 0),
  ])
  func whatCostLessToLoseIsScannedMore(row: Row) {
    let balance = ScanBalance.byCost(
      PerKind(anon: row.cost.anon, file: row.cost.file), swappiness: row.swappiness)
    let (anon, file) = row.weights
    #expect(balance == .fractions(anon: anon, file: file, of: anon + file))
    #expect(balance.apply(1000, file: false) == row.shares.anon)
    #expect(balance.apply(1000, file: true) == row.shares.file)
  }

  @Test func oneKindAloneGetsAll() {
    #expect(ScanBalance.fileOnly.apply(77, file: true) == 77)
    #expect(ScanBalance.fileOnly.apply(77, file: false) == 0)
    #expect(ScanBalance.anonOnly.apply(77, file: false) == 77)
    #expect(ScanBalance.anonOnly.apply(77, file: true) == 0)
    #expect(ScanBalance.equal.apply(77, file: true) == 77)
  }
}
