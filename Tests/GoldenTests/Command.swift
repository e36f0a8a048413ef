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

  /// Runs `reclaimlua`, which lies beside the tests' own executable, in that folder.
  init(_ arguments: [String], in folder: URL = Command.root) throws {
    let built = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = built.appendingPathComponent("reclaimlua")
    process.arguments = arguments
    process.currentDirectoryURL = folder
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
