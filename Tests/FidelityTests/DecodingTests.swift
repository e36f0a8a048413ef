// SPDX-License-Identifier: Apache-2.0

import Fidelity
import Foundation
import Testing

@Suite struct DecodingTests {
  @Test func compressedAndPlainFilesHoldTheSameText() throws {
    let compressed = try Shipped.file("tiny-file")
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("reclaimlua-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(compressed.bytes).write(to: path)
    #expect(try RecordingFile(path: path.path).bytes == compressed.bytes)
    #expect(compressed.bytes.first == UInt8(ascii: "{"))
  }

  /// Writes `bytes` to a file of its own and reads it back as a recording.
  private func reading(_ bytes: [UInt8]) throws -> RecordingFile {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("reclaimlua-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(bytes).write(to: path)
    return try RecordingFile(path: path.path)
  }

  private func stored(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Shipped.recordings.appendingPathComponent("\(name).json.gz")))
  }

  private func reason(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch let error as RecordingError {
      return error.reason
    } catch {
      return "another error: \(error)"
    }
  }

  @Test(arguments: [2, 10, 18, 500, 5000, -9, -8, -1])
  func aTruncatedGzipIsRefused(length: Int) throws {
    let whole = try stored("tiny-file")
    let part = Array(whole.prefix(length > 0 ? length : whole.count + length))
    #expect(reason { _ = try reading(part) }.hasPrefix("cut short"))
  }

  @Test func aDamagedGzipIsRefused() throws {
    var bytes = try stored("tiny-file")
    let last = bytes.count - 5
    bytes[last] ^= 0x40  // within the checksum
    #expect(reason { _ = try reading(bytes) }.hasPrefix("corrupt gzip"))
    bytes[last] ^= 0x40
    #expect(try reading(bytes).bytes == Shipped.file("tiny-file").bytes)
    for position in stride(from: 40, to: bytes.count - 8, by: 997) {
      var damaged = bytes
      damaged[position] ^= 0xFF
      #expect(reason { _ = try reading(damaged) } != "no error", "byte \(position)")
    }
  }

  @Test func membersThatFollowOneAnotherAreJoined() throws {
    let whole = try stored("tiny-file")
    let text = try Shipped.file("tiny-file").bytes
    #expect(try reading(whole + whole).bytes == text + text)
  }

  @Test(arguments: [1, 40, 3000, 60_000])
  func truncatedJSONIsRefused(length: Int) throws {
    let bytes = Array(try Shipped.file("tiny-file").bytes.prefix(length))
    let file = RecordingFile(path: "cut.json", bytes: bytes)
    let error = #expect(throws: RecordingError.self) { _ = try RecordingQuestion(file) }
    #expect(error?.file == "cut.json")
    #expect(error?.reason.hasPrefix("cut short") == true)
  }

  @Test(arguments: [
    ("", "empty"), ("[]", "the JSON is no object"), ("{}", "no field `format`"),
    (#"{"format": "other-2"}"#, #"format "other-2" is not known, expected "reclaim-lab-1""#),
    (#"{"format": "reclaim-lab-1"}"#, "no field `kernel`"), ("{,}", "no valid JSON"),
  ])
  func whatIsNoRecordingIsRefused(text: String, expected: String) {
    let file = RecordingFile(path: "x.json", bytes: Array(text.utf8))
    #expect(reason { _ = try RecordingQuestion(file) } == expected)
  }

  @Test func aRecordingWithoutTheMarkBaseIsRefused() throws {
    var json = try Shipped.json("tiny-file")
    json["marks"] = (json["marks"] as? [[String: Any]])?.filter { $0["name"] as? String != "base" }
    let file = try Shipped.recording("tiny-file", json)
    #expect(reason { _ = try RecordingQuestion(file) } == "there is no mark `base`")
  }

  @Test func tasksKeepTheOrderOfTheirDefinition() throws {
    let names = ["main", "zeta", "alpha", "m\\u00e9", "with \\\"quotes\\\" {and: [brackets", "b"]
    let file = try Shipped.small(tasks: names.map { ($0, ["mark \($0 == "main" ? "m" : "x")"]) })
    let tasks = try RecordingQuestion(file).scenario.tasks
    #expect(
      tasks.map(\.name) == [
        "main", "zeta", "alpha", "mé", "with \"quotes\" {and: [brackets", "b",
      ])
  }

  @Test func aFolderStandsForItsRecordingsInOrder() throws {
    let paths = try RecordingFile.expand([Shipped.recordings.path])
    #expect(paths.count == Shipped.names.count)
    #expect(paths == paths.sorted())
    #expect(throws: RecordingError.self) { try RecordingFile.expand(["no/such/place"]) }
  }
}
