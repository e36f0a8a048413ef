// SPDX-License-Identifier: Apache-2.0
// A file that will be written at the end of a run, opened at its beginning: whoever cannot write it
// learns so before, and not after an hour. What it held stays until then.

import Foundation

struct OutputFile {
  struct Problem: Error {
    var text: String
  }

  private let path: String
  private let file: Int32

  init(_ path: String) throws(Problem) {
    self.path = path
    file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    if file < 0 { throw Self.problem(path, String(cString: strerror(errno))) }
  }

  private static func problem(_ path: String, _ reason: String) -> Problem {
    Problem(text: "cannot write '\(path)': \(reason)")
  }

  /// Writes the text in place of what the file held, and closes it.
  func write(_ text: String) throws(Problem) {
    // What has no length, a pipe or a device, cannot be cut.
    _ = ftruncate(file, 0)
    let problem = Terminal.writeAll(Array(text.utf8), to: file)
    let closed = close(file) == 0 ? nil : String(cString: strerror(errno))
    if let reason = problem ?? closed { throw Self.problem(path, reason) }
  }
}
