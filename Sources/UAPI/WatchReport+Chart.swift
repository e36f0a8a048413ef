// SPDX-License-Identifier: Apache-2.0
// Samples as a small chart in text: eighths of blocks, four rows high, time to the right.
//
//   nr_free_pages (pages), every 100 ms
//      76890 |█▇▅▃
//            |████▆▄▂
//            |███████▇▅▃▁
//      68662 |████████████▇▆▅▅▅▅
//             0.000 s      1.900 s
//
// A column is the last sample of its stretch of time. The lowest row begins at the smallest value,
// not at zero.

internal import Timeline

extension WatchReport {
  private static let rows = 4
  private static let eighths: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// A chart for each gauge.
  package func lines(_ style: TextStyle) -> [String] {
    guard !at.isEmpty else {
      return ["", "watch: no time passed, so nothing was sampled"]
    }
    return series.flatMap { [""] + lines(of: $0, style) }
  }

  private func lines(of series: Series, _ style: TextStyle) -> [String] {
    let low = series.values.min()!, high = series.values.max()!
    let heading = "\(series.gauge) (\(series.unit)), every \(Nanoseconds(every).text)"
    guard low < high else {
      return [heading, "  \(low) in all of \(series.values.count) samples"]
    }
    let margin = max("\(low)".count, "\(high)".count) + 2
    let values = columns(series.values, room: max(20, style.columns - margin - 2))
    // Each value in eighths of a row above the lowest, which still shows one.
    let levels = values.map { 1 + (Self.rows * 8 - 1) * ($0 - low) / (high - low) }
    let drawn = (0..<Self.rows).reversed().map { row in
      let blocks = levels.map { Self.eighths[min(max($0 - row * 8, 0), 8)] }
      let label = row == Self.rows - 1 ? "\(high)" : row == 0 ? "\(low)" : ""
      var line = String(blocks)
      while line.last == " " { line.removeLast() }
      return padded(label, margin) + " |" + style.paint(line, .cyan)
    }
    return [heading] + drawn + [axis(margin, values.count)]
  }

  /// As many values as there is room for, each the last of its share of the samples.
  private func columns(_ values: [Int], room: Int) -> [Int] {
    guard values.count > room else { return values }
    return (0..<room).map { values[($0 + 1) * values.count / room - 1] }
  }

  private func axis(_ margin: Int, _ width: Int) -> String {
    let begin = Nanoseconds(0).inSeconds, end = Nanoseconds(at.last! - at.first!).inSeconds
    let gap = max(1, width - begin.count - end.count)
    let axis = padded("", margin) + "  " + begin + String(repeating: " ", count: gap) + end
    return axis
  }

  private func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

extension Report {
  /// All samples as comma-separated values: machine, watch, time in nanoseconds since boot, gauge,
  /// unit, value; one line for each sample of a gauge, below a heading if one is wanted.
  package func csv(heading: Bool) -> String {
    var lines = heading ? ["machine,kernel,watch,at_ns,gauge,unit,value"] : []
    for (m, machine) in machines.enumerated() {
      for (w, watch) in machine.watches.enumerated() {
        for (i, at) in watch.at.enumerated() {
          for series in watch.series {
            lines.append(
              "\(m + 1),\(machine.kernel),\(w + 1),\(at),\(Self.quoted(series.gauge)),"
                + "\(series.unit),\(series.values[i])")
          }
        }
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// RFC 4180: quotes around what holds a comma, a quote or a line break.
  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
