// SPDX-License-Identifier: Apache-2.0
// Quantities with their units: bytes, pages, and the words people write for them ("768 MiB", "10
// ms").

package import Timeline

/// A number of base pages; one page is 4096 bytes.
package struct Pages: Comparable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  package var count: Int

  package init(_ count: Int) { self.count = count }
  package init(integerLiteral count: Int) { self.count = count }
  /// The pages that `bytes` fill, the last one perhaps in part.
  package init(covering bytes: Bytes) { count = Int((bytes.count + 4095) / 4096) }

  package static let size = 4096
  package var bytes: Bytes { Bytes(UInt64(count) * 4096) }

  package static func < (a: Pages, b: Pages) -> Bool { a.count < b.count }
  package static func + (a: Pages, b: Pages) -> Pages { Pages(a.count + b.count) }
  package static func - (a: Pages, b: Pages) -> Pages { Pages(a.count - b.count) }
}

/// A number of bytes.
package struct Bytes: Comparable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  package var count: UInt64

  package init(_ count: UInt64) { self.count = count }
  package init(integerLiteral count: UInt64) { self.count = count }

  package static func < (a: Bytes, b: Bytes) -> Bool { a.count < b.count }

  /// Whole pages in it, rounded down.
  package var pages: Pages { Pages(Int(count / 4096)) }

  /// Reads "768 MiB", "4096", "2GiB", "1.5 GiB", "512M", "1 TiB", rounded down to whole bytes; nil
  /// when it is none of these.
  package init?(text: String) {
    guard let quantity = Quantity(text) else { return nil }
    let scale: UInt64
    switch quantity.unit {
    case "", "B": scale = 1
    case "KiB", "K": scale = 1 << 10
    case "MiB", "M": scale = 1 << 20
    case "GiB", "G": scale = 1 << 30
    case "TiB", "T": scale = 1 << 40
    default: return nil
    }
    guard let product = quantity.scaled(by: scale) else { return nil }
    count = product
  }

  /// "768 MiB", "12 KiB", "100 B": the largest unit that divides it.
  package var text: String {
    let units: [(String, UInt64)] = [
      ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]
    for (name, scale) in units where count >= scale && count % scale == 0 {
      return "\(count / scale) \(name)"
    }
    return "\(count) B"
  }
}

extension Nanoseconds {
  /// Reads "10 ms", "1.5 s", "80 us", "250 ns", "5 min", "2 h"; a bare number is nanoseconds; nil
  /// when it is none of these.
  package init?(text: String) {
    guard let quantity = Quantity(text) else { return nil }
    let scale: UInt64
    switch quantity.unit {
    case "", "ns": scale = 1
    case "us", "µs": scale = 1_000
    case "ms": scale = 1_000_000
    case "s": scale = 1_000_000_000
    case "min": scale = 60_000_000_000
    case "h": scale = 3_600_000_000_000
    default: return nil
    }
    guard let product = quantity.scaled(by: scale) else { return nil }
    self.init(product)
  }

  /// "10 ms", "1.250 s": three decimals where the unit does not divide it.
  package var text: String {
    if count == 0 { return "0 ns" }
    for (name, scale) in [("s", UInt64(1_000_000_000)), ("ms", 1_000_000), ("us", 1_000)]
    where count >= scale {
      if count % scale == 0 { return "\(count / scale) \(name)" }
      let thousandths = count / (scale / 1000) % 1000
      let padded = String(repeating: "0", count: 3 - String(thousandths).count) + "\(thousandths)"
      return "\(count / scale).\(padded) \(name)"
    }
    return "\(count) ns"
  }
}

/// A decimal number and the unit written after it.
private struct Quantity {
  /// The digits without the point, and how many of them stand behind it.
  private var digits: UInt64
  private var decimals: Int
  let unit: String

  init?(_ text: String) {
    let trimmed = text.drop { $0 == " " }
    let written = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let parts = written.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
      let digits = UInt64(parts.joined())
    else { return nil }
    var unit = trimmed.dropFirst(written.count).drop { $0 == " " }
    while unit.last == " " { unit.removeLast() }
    self.digits = digits
    decimals = parts.count == 2 ? parts[1].utf8.count : 0
    self.unit = String(unit)
  }

  /// The number times `scale`, rounded down; nil when that is too large.
  func scaled(by scale: UInt64) -> UInt64? {
    var divisor: UInt64 = 1
    for _ in 0..<decimals {
      let (next, overflow) = divisor.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      divisor = next
    }
    let product = digits.multipliedFullWidth(by: scale)
    guard product.high < divisor else { return nil }
    return divisor.dividingFullWidth(product).quotient
  }
}
