// SPDX-License-Identifier: Apache-2.0
// A rolling 64-bit digest of everything that happened: same script, seed and kernel, same digest.

/// An order-sensitive 64-bit digest. Folding the same values in the same order gives the same
/// digest on every machine.
package struct Digest: Hashable, Sendable {
  package private(set) var value: UInt64

  package init() { value = 0x9E37_79B9_7F4A_7C15 }

  @inline(__always) package mutating func fold(_ word: UInt64) {
    var z = value ^ word
    z = (z ^ (z >> 32)) &* 0xD6E8_FEB8_6659_FD93
    value = z ^ (z >> 29)
  }

  /// Two words, one after the other: a call less.
  package mutating func fold(_ first: UInt64, _ second: UInt64) {
    fold(first)
    fold(second)
  }

  /// Six or seven words, one after the other, without coming back to memory between them.
  package mutating func fold(
    _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64, _ f: UInt64,
    _ g: UInt64? = nil
  ) {
    var digest = self
    digest.fold(a)
    digest.fold(b)
    digest.fold(c)
    digest.fold(d)
    digest.fold(e)
    digest.fold(f)
    if let g { digest.fold(g) }
    self = digest
  }

  /// Sixteen lower-case hexadecimal digits.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
