// SPDX-License-Identifier: Apache-2.0
// Words in columns, numbers for people, and colour where the reader is a terminal.

package import Timeline

/// How a report is drawn.
package struct TextStyle: Sendable {
  /// Escape sequences for colour.
  package var color: Bool
  /// Columns that charts may take.
  package var columns: Int

  package init(color: Bool = false, columns: Int = 80) {
    self.color = color
    self.columns = columns
  }

  package enum Paint: String { case red = "31", green = "32", yellow = "33", cyan = "36" }

  package func paint(_ text: String, _ paint: Paint) -> String {
    color && !text.isEmpty ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// Rows of words in columns as wide as they need.
package enum TextTable {
  package static func lines(_ rows: [[String]], leftAligned: Int = 1) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    // The first row is the heading; the others are indented by two.
    let widths = (0..<columns).map { c in
      rows.enumerated().map { r, row in row[c].count + (c == 0 && r > 0 ? 2 : 0) }.max() ?? 0
    }
    return rows.enumerated().map { r, row in
      var line = r == 0 ? "" : "  "
      for (c, word) in row.enumerated() {
        let room = widths[c] - (c == 0 && r > 0 ? 2 : 0)
        let padding = String(repeating: " ", count: max(0, room - word.count))
        line += c < leftAligned ? word + padding : "  " + padding + word
        if c < leftAligned - 1 { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

extension Nanoseconds {
  /// "213.990 s": seconds with three decimals.
  package var inSeconds: String {
    let milliseconds = count / 1_000_000
    let decimals = String(milliseconds % 1000 + 1000).dropFirst()
    return "\(milliseconds / 1000).\(decimals) s"
  }

  /// "1.31 us", "13.1 us", "131 us": three digits, cut.
  package var rounded: String {
    let units: [(String, UInt64)] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)]
    for (name, scale) in units where count >= scale {
      let whole = count / scale
      let decimals = whole >= 100 ? 0 : whole >= 10 ? 1 : 2
      if decimals == 0 { return "\(whole) \(name)" }
      let part = count % scale / (scale / (decimals == 1 ? 10 : 100))
      let padded = String(repeating: "0", count: decimals - String(part).count) + "\(part)"
      return "\(whole).\(padded) \(name)"
    }
    return "\(count) ns"
  }
}

extension UInt64 {
  /// 142 907
  package var grouped: String {
    self < 1000 ? "\(self)" : (self / 1000).grouped + " " + String(self % 1000 + 1000).dropFirst()
  }
}
