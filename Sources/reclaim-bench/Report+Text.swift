// SPDX-License-Identifier: Apache-2.0
// The report as a table for people.

extension Report {
  /// Columns padded to their widest cell; names and remarks to the left, figures to the right.
  var text: String {
    var table = [["", "pages", "ns", "ratio", "target", "holds", ""]]
    for row in rows {
      table.append([
        row.name, row.size.map(Self.pages) ?? "", Self.number(row.nanoseconds),
        row.ratio.map(Self.number) ?? "", row.target?.text ?? "",
        row.holds.map { $0 ? "yes" : "NO" } ?? "",
        row.beside.map { "\($0.name) \(Self.number($0.value))" }.joined(separator: ", "),
      ])
    }
    let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { cells in
      cells.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - cells[column].count)
        return column == 0 || column == cells.count - 1
          ? cells[column] + padding : padding + cells[column]
      }.joined(separator: "  ").trimmedEnd
    }.joined(separator: "\n")
  }

  /// 60k, 1M, 1500: as `--sizes` reads them.
  static func pages(_ count: Int) -> String {
    if count % 1_000_000 == 0 { return "\(count / 1_000_000)M" }
    return count % 1_000 == 0 ? "\(count / 1_000)k" : "\(count)"
  }
}

extension String {
  /// Without the spaces at its end.
  fileprivate var trimmedEnd: String {
    guard let last = lastIndex(where: { $0 != " " }) else { return "" }
    return String(self[...last])
  }
}
