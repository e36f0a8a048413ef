// SPDX-License-Identifier: Apache-2.0
// The report as JSON: {"holds", "rows": [{"beside": {…}, "holds", "name", "ns",
// "ratio", "size", "target"}]}.
//
// Keys are sorted and always there; what does not apply is null. Figures have two decimals.

import Foundation

extension Report: Encodable {
  private enum Key: String, CodingKey { case holds, rows }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(isWithin(slack: 1), forKey: .holds)
    try container.encode(rows, forKey: .rows)
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    } catch {
      preconditionFailure("a report of finite numbers and strings was refused: \(error)")
    }
  }
}

extension Row: Encodable {
  private enum Key: String, CodingKey { case beside, holds, name, ns, ratio, size, target }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    let remarks = beside.map { ($0.name, Self.hundredths($0.value)) }
    try container.encode(Dictionary(uniqueKeysWithValues: remarks), forKey: .beside)
    try container.encode(holds, forKey: .holds)
    try container.encode(name, forKey: .name)
    try container.encode(Self.hundredths(nanoseconds), forKey: .ns)
    try container.encode(ratio.map(Self.hundredths), forKey: .ratio)
    try container.encode(size, forKey: .size)
    try container.encode(target?.text, forKey: .target)
  }

  private static func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
