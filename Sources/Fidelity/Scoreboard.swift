// SPDX-License-Identifier: Apache-2.0
// Many comparisons as text for people. (For programs: Scoreboard+JSON.swift.)

import Foundation

package enum Scoreboard {
  /// What one recording came to; a recording that could not be read has no comparison.
  package enum Row: Sendable {
    case compared(Comparison)
    case unreadable(RecordingError)

    package var isGood: Bool {
      if case .compared(let comparison) = self { comparison.isGood } else { false }
    }
  }

  /// One line per recording and one for all of them.
  package static func text(_ rows: [Row]) -> String {
    var lines = rows.map(line)
    let compared = rows.compactMap { row in
      if case .compared(let comparison) = row { comparison } else { nil }
    }
    let cells = compared.flatMap(\.cells)
    let performed = compared.count { $0.run.status == .ok }
    lines.append("\(performed) of \(rows.count) recordings performed, \(counts(cells))")
    return lines.joined(separator: "\n")
  }

  private static func line(_ row: Row) -> String {
    switch row {
    case .unreadable(let error): return "\(error)"
    case .compared(let comparison):
      let question = comparison.question
      let head =
        pad("\(question.kernel)-\(question.lru.rawValue)", 12)
        + pad(question.scenario.name, 24) + pad(question.scenario.family, 2)
        + pad(comparison.isTimed ? "timed" : "exact", 6)
      switch comparison.run.status {
      case .ok where comparison.real == nil:
        return head + "performed; the recording has no answers to compare with"
      case .ok: return head + counts(comparison.cells)
      case .unsupported, .failed:
        return head + "\(comparison.run.status.rawValue): \(comparison.run.reason ?? "")"
      }
    }
  }

  private static func counts(_ cells: [Cell]) -> String {
    if cells.isEmpty { return "no cells" }
    let errors = cells.map(\.error).sorted()
    let middle = errors.count / 2
    let median =
      errors.count % 2 == 1 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2
    let hold = cells.count { $0.holds }
    let equal = cells.count { $0.equal }
    return "\(hold)/\(cells.count) cells hold, \(percent(hold, cells.count)), equal "
      + "\(percent(equal, cells.count)), median error \(decimals(median, 4))"
  }

  /// The cells of a comparison that miss, and the ops that answered differently: one line each. Of
  /// a run that did not come to its end every cell misses, for the one reason that is told anyway.
  package static func details(_ comparison: Comparison) -> [String] {
    guard comparison.run.status == .ok else { return [] }
    return comparison.misses.map { cell in
      let range = cell.low == cell.high ? "" : " (\(cell.low) to \(cell.high))"
      return pad("\(cell.from)..\(cell.to)", 24) + pad(cell.name, 46) + "real \(cell.real)\(range)"
        + "  sim \(cell.simulated.map(String.init) ?? "none")"
    } + comparison.outcomeDifferences
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// Tenths of a per cent, rounded down: 100.0 % means all of them.
  private static func percent(_ part: Int, _ whole: Int) -> String {
    let tenths = part * 1000 / whole
    return "\(tenths / 10).\(tenths % 10) %"
  }

  private static func decimals(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)f", value)
  }
}
