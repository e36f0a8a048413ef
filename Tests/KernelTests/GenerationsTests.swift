// SPDX-License-Identifier: Apache-2.0
// What makes one kernel another, as a table: every value in which neighbours differ, printed from
// the profiles themselves. docs/kernel-generations.md holds that table; RECORD=1 writes it anew.

import Foundation
import ReclaimEngine
import Testing

@Suite struct GenerationsTests {
  private static let page = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs/kernel-generations.md")
  private static let begin = "<!-- printed by GenerationsTests: begin -->\n"
  private static let end = "<!-- printed by GenerationsTests: end -->\n"

  /// Every value of a profile by its path, such as "numbers.chargeBatch", in order of declaration.
  static func values(_ profile: KernelProfile) -> [(path: String, value: String)] {
    Mirror(reflecting: profile).children.flatMap { child -> [(String, String)] in
      let name = child.label ?? ""
      let inner = Mirror(reflecting: child.value)
      guard inner.displayStyle == .struct, !(child.value is String) else {
        return [(name, "\(child.value)")]
      }
      return inner.children.map { ("\(name).\($0.label ?? "")", "\($0.value)") }
    }
  }

  /// The table of one pair of neighbours.
  static func differences(_ older: KernelProfile, _ newer: KernelProfile) -> String {
    var text = "| value | \(older.name) | \(newer.name) |\n|---|---|---|\n"
    for (a, b) in zip(values(older), values(newer)) where a.value != b.value && a.path != "name" {
      text += "| `\(a.path)` | \(a.value) | \(b.value) |\n"
    }
    return text
  }

  static func tables() -> String {
    zip(KernelProfile.all, KernelProfile.all.dropFirst())
      .map { "\n### \($0.name) and \($1.name)\n\n" + differences($0, $1) + "\n" }.joined()
  }

  @Test func thePageShowsInWhichValuesNeighboursDiffer() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let head = try #require(text.range(of: Self.begin)),
      tail = try #require(text.range(of: Self.end))
    let shown = String(text[head.upperBound..<tail.lowerBound])
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      let made = text[..<head.upperBound] + Self.tables() + text[tail.lowerBound...]
      try Data(made.utf8).write(to: Self.page)
    } else {
      #expect(shown == Self.tables(), "RECORD=1 swift test --filter GenerationsTests rewrites it")
    }
  }

  /// Each choice among mechanisms has its line with the reason and the recording that shows it.
  @Test func thePageExplainsEveryChoice() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    for profile in KernelProfile.all {
      for (path, value) in Self.values(profile) where !path.contains(".") && path != "name" {
        #expect(text.contains("| `\(path)` | "), "\(path)")
        #expect(text.contains(value), "\(path) \(value)")
      }
    }
  }

  @Test func kernelsStandOldestFirstAndAreFoundByName() {
    #expect(KernelProfile.all.map(\.name) == ["5.10", "6.1"])
    #expect(KernelProfile.named("5.10")?.name == "5.10")
    #expect(KernelProfile.named("5.4") == nil)
  }
}
