// SPDX-License-Identifier: Apache-2.0
// README shows what its first command prints; RECORD=1 writes it anew.

import Foundation
import Testing

@Suite struct ReadmeTests {
  @Test func itShowsWhatTheFirstExamplePrints() throws {
    let page = Command.root.appendingPathComponent("README.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let head = "<!-- begin: output of scripts/run -->\n```\n"
    let tail = "```\n<!-- end: output of scripts/run -->"
    let from = try #require(text.range(of: head)).upperBound
    let to = try #require(text.range(of: tail, range: from..<text.endIndex)).lowerBound
    let output = try Command(["examples/first_reclaim.lua"]).output
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      let whole = text[..<from] + output + text[to...]
      return try Data(whole.utf8).write(to: page)
    }
    #expect(text[from..<to] == output)
  }
}
