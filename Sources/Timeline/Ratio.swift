// SPDX-License-Identifier: Apache-2.0
// Fractions of integers: what a sysctl in percent or per mille takes of a whole.
//
// Decisions never use floating point, whose results depend on the order of evaluation. A fraction
// keeps numerator and denominator; products are formed in 128 bits, so nothing is lost before the
// one division, which rounds down, as the kernel's integer divisions do.

/// A fraction of two unsigned integers, not reduced. Compared by value: 1 of 2 equals 50 of 100.
package struct Ratio: Comparable, Hashable, Sendable {
  package let numerator: UInt64
  package let denominator: UInt64

  /// `numerator` of `denominator`, which must not be zero.
  package init(_ numerator: UInt64, of denominator: UInt64) {
    precondition(denominator != 0, "a fraction of nothing")
    self.numerator = numerator
    self.denominator = denominator
  }

  /// This part of `whole`, rounded down. Traps if it does not fit.
  package func part(of whole: UInt64) -> UInt64 {
    let product = whole.multipliedFullWidth(by: numerator)
    precondition(product.high < denominator, "the part does not fit into 64 bits")
    return denominator.dividingFullWidth(product).quotient
  }

  package static func == (a: Ratio, b: Ratio) -> Bool {
    a.numerator.multipliedFullWidth(by: b.denominator)
      == b.numerator.multipliedFullWidth(by: a.denominator)
  }

  package static func < (a: Ratio, b: Ratio) -> Bool {
    a.numerator.multipliedFullWidth(by: b.denominator)
      < b.numerator.multipliedFullWidth(by: a.denominator)
  }

  package func hash(into hasher: inout Hasher) {
    let (a, b) = reduced
    hasher.combine(a)
    hasher.combine(b)
  }

  private var reduced: (UInt64, UInt64) {
    var (a, b) = (numerator, denominator)
    while b != 0 { (a, b) = (b, a % b) }
    return (numerator / a, denominator / a)
  }
}
