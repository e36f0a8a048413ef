// SPDX-License-Identifier: Apache-2.0
// `reclaimlua validate` as a user calls it: what goes where, and the exit status.

import Foundation
import Testing

@Suite struct CommandTests {
  struct Answer {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The command lies beside the tests' own executable.
  static func validate(_ arguments: [String]) throws -> Answer {
    let built = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = built.appendingPathComponent("reclaimlua")
    process.arguments = ["validate"] + arguments
    let errors = FileManager.default.temporaryDirectory
      .appendingPathComponent("reclaimlua-\(UUID().uuidString).err")
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Answer(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  private func temporary(_ name: String, _ bytes: some Collection<UInt8>) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(UUID().uuidString)-\(name)")
    try Data(bytes).write(to: path)
    return path.path
  }

  @Test func aCallThatMakesNoSenseAnswersTwoAndPrintsNothing() throws {
    for arguments in [[], ["--frobnicate"], ["no/such/file.json"], ["--json", "no/such/file"]] {
      let answer = try Self.validate(arguments)
      #expect(answer.status == 2, "\(arguments)")
      #expect(answer.output.isEmpty && !answer.errors.isEmpty)
    }
  }

  @Test func helpIsNoError() throws {
    let answer = try Self.validate(["--help"])
    #expect(answer.status == 0)
    #expect(answer.output.contains("USAGE: reclaimlua validate"))
  }

  @Test func aRecordingThatIsNotBuiltIsOneObjectOfJSONAndStatusOne() throws {
    let path = try temporary(
      "other.json",
      try Shipped.small(tasks: [("main", ["write data seq"])]).bytes)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let answer = try Self.validate(["--json", "--cells", "--events", path])
    #expect(answer.status == 1)
    let rows = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [[String: Any]]
    #expect(rows?.first?["status"] as? String == "unsupported")
    #expect(
      rows?.first?["reason"] as? String
        == "task main, op 0 `write data seq`: writing to files is not built")
    #expect((rows?.first?["intervals"] as? [Any])?.isEmpty == true)
  }

  @Test func aDamagedRecordingDoesNotHideTheOthers() throws {
    let cut = try temporary("cut.json", try Shipped.file("tiny-file").bytes.prefix(9000))
    let bad = try temporary(
      "bad.json", try Shipped.small(tasks: [("main", ["read data seq n=x"])]).bytes)
    defer {
      try? FileManager.default.removeItem(atPath: cut)
      try? FileManager.default.removeItem(atPath: bad)
    }
    let text = try Self.validate([cut, bad])
    #expect(text.status == 1)
    #expect(text.output.contains("\(cut): cut short: the JSON ends before its closing brace\n"))
    #expect(text.output.contains("\(bad): task main, op 0 `read data seq n=x`: n is \"x\""))
    let json = try Self.validate(["--json", cut, bad])
    let rows = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
    #expect(rows?.map { $0["status"] as? String } == ["failed", "failed"])
    #expect(json.errors.contains("cut short"))
  }
}
