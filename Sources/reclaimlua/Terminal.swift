// SPDX-License-Identifier: Apache-2.0
// Standard output and standard error: who reads them, what happens when they cannot be written,
// and the line that shows how far a long run is.
//
// Output is collected and written in large pieces, line by line where a terminal reads it. A reader
// that has gone ends the program by SIGPIPE, quietly, as it ends every filter; any other error of
// writing is told and is the end of the program.

import Foundation
import Timeline
import UAPI

final class Terminal {
  private var pending: [UInt8] = []
  private var showsProgress = false
  private var shownAt = ContinuousClock.now
  private var eventsShown: UInt64 = 0

  /// Closed standard streams become the null device, so that no file opened later takes their
  /// place.
  init() {
    for stream: Int32 in 0...2 where fcntl(stream, F_GETFD) == -1 {
      let null = open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY)
      if null >= 0, null != stream {
        dup2(null, stream)
        close(null)
      }
    }
    signal(SIGPIPE, SIG_DFL)
  }

  static func isTerminal(_ stream: Int32) -> Bool { isatty(stream) == 1 }

  /// Colour for people only, and never against their will (no-color.org).
  var style: TextStyle {
    let environment = ProcessInfo.processInfo.environment
    let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    var size = winsize()
    let knowsSize = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return TextStyle(
      color: Self.isTerminal(1) && !refused && environment["TERM"] != "dumb",
      columns: knowsSize ? min(Int(size.ws_col), 120) : 80)
  }

  // MARK: writing

  func write(_ text: String) {
    pending += text.utf8
    if pending.count >= 1 << 16 || Self.isTerminal(1) && text.contains("\n") { flush() }
  }

  func flush() {
    guard !pending.isEmpty else { return }
    hideProgress()
    let bytes = pending
    pending = []
    if let problem = Self.writeAll(bytes, to: 1) {
      writeError("reclaimlua: cannot write standard output: \(problem)\n")
      exit(1)
    }
  }

  func writeError(_ text: String) {
    flush()
    hideProgress()
    _ = Self.writeAll(Array(text.utf8), to: 2)
  }

  func complain(_ message: String) { writeError("reclaimlua: \(message)\n") }

  /// Writes all of it. Answers what went wrong, in the system's words.
  static func writeAll(_ bytes: [UInt8], to file: Int32) -> String? {
    var written = 0
    while written < bytes.count {
      let n = bytes.withUnsafeBytes {
        Foundation.write(file, $0.baseAddress! + written, bytes.count - written)
      }
      if n >= 0 {
        written += n
      } else if errno != EINTR {
        return String(cString: strerror(errno))
      }
    }
    return nil
  }

  // MARK: progress

  func beginProgress() {
    shownAt = .now
    eventsShown = 0
  }

  /// Shows simulated time and events per second, once a second, where a terminal reads standard
  /// error.
  func progress(_ simulated: Instant, _ events: UInt64) {
    let now = ContinuousClock.now
    let passed = now - shownAt
    guard passed >= .seconds(1) else { return }
    let rate = Double(events &- min(eventsShown, events)) / (passed / .seconds(1))
    shownAt = now
    eventsShown = events
    let at = Nanoseconds(simulated.nanoseconds).inSeconds
    let line = "\(at) simulated, \(UInt64(rate).grouped) events/s"
    _ = Self.writeAll(Array("\r\(line)\u{1B}[K".utf8), to: 2)
    showsProgress = true
  }

  func hideProgress() {
    guard showsProgress else { return }
    showsProgress = false
    _ = Self.writeAll(Array("\r\u{1B}[K".utf8), to: 2)
  }
}
