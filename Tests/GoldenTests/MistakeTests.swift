// SPDX-License-Identifier: Apache-2.0
// What a newcomer gets wrong, and what the program says: Expected/mistakes.txt. Each message names
// file and line, the field, and what was expected.
//
// RECORD=1 writes the messages anew; the scripts stand in the same file.

import Foundation
import Testing

@Suite struct MistakeTests {
  struct Mistake {
    var title: String
    var script: String
    var message: String
  }

  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Expected/mistakes.txt")
  private static let rule = "\n\n== "

  static func read() throws -> (head: String, mistakes: [Mistake]) {
    let text = try String(contentsOf: file, encoding: .utf8)
    var parts = text.components(separatedBy: rule)
    let head = parts.removeFirst()
    return (
      head,
      parts.map { part in
        let lines = part.components(separatedBy: "\n").filter { !$0.isEmpty }
        let script = lines.dropFirst().prefix { !$0.hasPrefix("--> ") }
        let message = lines.last { $0.hasPrefix("--> ") } ?? "--> "
        return Mistake(
          title: lines[0], script: script.joined(separator: "\n"),
          message: String(message.dropFirst(4)))
      }
    )
  }

  /// What the program says of a script: status and first line of standard error.
  private static func answer(_ mistake: Mistake, in folder: URL) throws -> String {
    try Data((mistake.script + "\n").utf8).write(to: folder.appendingPathComponent("s.lua"))
    let run = try Command(["s.lua"], in: folder)
    #expect(run.status == 1, "\(mistake.title)")
    let line = run.errors.split(separator: "\n").first.map(String.init) ?? "nothing"
    return line.replacingOccurrences(of: "reclaimlua: ", with: "")
  }

  @Test func eachIsToldInWordsThatHelp() throws {
    var (head, mistakes) = try Self.read()
    #expect(mistakes.count >= 22)
    try Command.withFolder { folder in
      let machine = Command.root.appendingPathComponent("examples/machines/6.1-384m.json")
      try FileManager.default.copyItem(
        at: machine, to: folder.appendingPathComponent("recorded.json"))
      for i in mistakes.indices {
        let answer = try Self.answer(mistakes[i], in: folder)
        #expect(answer.hasPrefix("s.lua:"), "\(mistakes[i].title): \(answer)")
        if ProcessInfo.processInfo.environment["RECORD"] != nil { mistakes[i].message = answer }
        #expect(answer == mistakes[i].message, "\(mistakes[i].title)")
      }
    }
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      for mistake in mistakes {
        head += "\(Self.rule)\(mistake.title)\n\(mistake.script)\n--> \(mistake.message)"
      }
      try Data((head + "\n").utf8).write(to: Self.file)
    }
  }
}
