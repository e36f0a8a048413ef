// SPDX-License-Identifier: Apache-2.0
// docs/costs.md has a line for each number of the profiles, with the values that stand in the code,
// and for nothing else. RECORD=1 writes the values anew.

import Foundation
import ReclaimEngine
import Testing

@Suite struct CostsTests {
  private static let page = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs/costs.md")
  private static let kernels = KernelProfile.all.map(\.name)

  /// The lines of the tables, as cells: name, unit, a value for each kernel, meaning, recordings.
  private static func lines(_ text: String) -> [[String]] {
    text.split(separator: "\n").filter { line in
      ["numbers.", "objects.", "boot.", "costs."].contains { line.hasPrefix("| `\($0)") }
    }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// The values of all kernels by path, of what is a number: groups have a dot in their path.
  private static func values() -> [(path: String, values: [String])] {
    let perKernel = KernelProfile.all.map { profile in
      GenerationsTests.values(profile).filter { $0.path.contains(".") }
    }
    return perKernel[0].indices.map { k in
      (perKernel[0][k].path, perKernel.map { $0[k].value })
    }
  }

  @Test func eachNumberHasItsLineWithTheValuesOfTheCode() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      return try Data(Self.rewritten(text).utf8).write(to: Self.page)
    }
    #expect(
      text.contains("| name | unit | \(Self.kernels.joined(separator: " | ")) | stands for |"))
    let lines = Self.lines(text)
    for (path, values) in Self.values() {
      let own = lines.filter { $0[0] == "`\(path)`" }
      #expect(own.count == 1, "\(path) has \(own.count) lines in docs/costs.md")
      for line in own {
        #expect(Array(line.dropFirst(2).prefix(values.count)) == values, "\(path)")
      }
    }
  }

  @Test func noLineNamesWhatIsNoNumberOfAProfile() throws {
    let known = Set(Self.values().map { "`\($0.path)`" })
    for line in Self.lines(try String(contentsOf: Self.page, encoding: .utf8)) {
      #expect(known.contains(line[0]), "\(line[0])")
    }
  }

  /// Unit, meaning, and at least two recordings, or the word that there are none or one.
  @Test func eachLineSaysWhatItIsAndWhoNeedsIt() throws {
    for line in Self.lines(try String(contentsOf: Self.page, encoding: .utf8)) {
      try #require(line.count == 4 + Self.kernels.count, "\(line[0])")
      let needed = line.last!
      #expect(line.allSatisfy { !$0.isEmpty }, "\(line[0])")
      #expect(
        needed == "none" || needed.hasSuffix(" alone") || needed.contains(",")
          || needed.contains(";"), "\(line[0]): \(needed)")
    }
  }

  private static func rewritten(_ text: String) -> String {
    let values = values()
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard let own = values.first(where: { line.hasPrefix("| `\($0.path)` |") }) else {
        return String(line)
      }
      var cells = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      for (k, value) in own.values.enumerated() { cells[3 + k] = " \(value) " }
      return cells.joined(separator: "|")
    }.joined(separator: "\n")
  }
}
