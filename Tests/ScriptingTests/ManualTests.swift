// SPDX-License-Identifier: Apache-2.0
// The manual's one source: docs/scenario-api.md and docs/reclaimlua.meta.lua say what the program
// checks. RECORD=1 writes both anew.

import Foundation
import Lua
import Scripting
import Testing

@Suite struct ManualTests {
  private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs")
  private static let isRecording = ProcessInfo.processInfo.environment["RECORD"] != nil

  private static func begin(_ name: String) -> String {
    "<!-- printed by ManualTests: \(name) -->\n"
  }
  private static let end = "<!-- end -->\n"

  @Test func thePageHoldsEveryTable() throws {
    let page = Self.docs.appendingPathComponent("scenario-api.md")
    var text = try String(contentsOf: page, encoding: .utf8)
    for (name, table) in Manual.tables {
      let head = try #require(text.range(of: Self.begin(name)), "no place for \(name)")
      let tail = try #require(text.range(of: Self.end, range: head.upperBound..<text.endIndex))
      if Self.isRecording {
        text.replaceSubrange(head.upperBound..<tail.lowerBound, with: table)
      } else {
        #expect(String(text[head.upperBound..<tail.lowerBound]) == table, "\(name)")
      }
    }
    if Self.isRecording { try Data(text.utf8).write(to: page) }
    #expect(text.components(separatedBy: "printed by ManualTests").count - 1 == Manual.tables.count)
  }

  @Test func editorsAreToldTheSame() throws {
    let file = Self.docs.appendingPathComponent("reclaimlua.meta.lua")
    if Self.isRecording { try Data(Manual.meta.utf8).write(to: file) }
    #expect(try String(contentsOf: file, encoding: .utf8) == Manual.meta)
  }

  @Test func whatEditorsReadIsLua() throws {
    let state = LuaState()
    try state.run("machine, size = 1, 2 " + Manual.meta, name: "meta")
  }

  /// Each documented call has its name in its usage, and each parameter a type.
  @Test func declarationsAreWhole() {
    let lines = Manual.meta.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("function ") }.count >= 45)
    for line in lines where line.hasPrefix("---@param") {
      #expect(line.split(separator: " ").count >= 3, "\(line)")
    }
  }
}
