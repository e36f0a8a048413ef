// SPDX-License-Identifier: Apache-2.0
// Runs the command as a user would, on files of the repository.

import Foundation

struct Command {
  let status: Int32
  let output: String
  let errors: String

  /// The repository's root, from this file's own place.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A folder that is removed when `body` has ended.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("reclaimlua-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// `reclaimlua`, which lies beside the tests' own executable.
  static let reclaimlua = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("reclaimlua")

  /// Runs `reclaimlua` in that folder.
  init(_ arguments: [String], in folder: URL = Command.root) throws {
    try self.init(Self.reclaimlua, arguments, in: folder)
  }

  /// Runs a line of shell in that folder, `reclaimlua` on its PATH.
  init(shell line: String, in folder: URL) throws {
    var environment = ProcessInfo.processInfo.environment
    let path = environment["PATH"] ?? ""
    environment["PATH"] = Self.reclaimlua.deletingLastPathComponent().path + ":" + path
    try self.init(
      URL(fileURLWithPath: "/bin/bash"), ["-c", line], in: folder, environment: environment)
  }

  private init(
    _ program: URL, _ arguments: [String], in folder: URL, environment: [String: String]? = nil
  ) throws {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    if let environment { process.environment = environment }
    (status, output, errors) = try Self.withFolder { scratch in
      let file = scratch.appendingPathComponent("errors")
      try Data().write(to: file)
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = try FileHandle(forWritingTo: file)
      try process.run()
      let text = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (
        process.terminationStatus, String(decoding: text, as: UTF8.self),
        String(decoding: try Data(contentsOf: file), as: UTF8.self)
      )
    }
  }
}
