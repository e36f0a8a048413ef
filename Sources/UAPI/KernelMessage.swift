// SPDX-License-Identifier: Apache-2.0
// What the kernel says about itself, as /dev/kmsg hands it out: a level, a time, a text.

package import Timeline

/// One record of the kernel's log.
package struct KernelMessage: Sendable, Equatable {
  package enum Level: Int, Sendable {
    case error = 3
    case warning = 4
    case info = 6
  }

  package var at: Instant
  package var level: Level
  /// May hold line breaks.
  package var text: String

  package init(at: Instant, level: Level, text: String) {
    self.at = at
    self.level = level
    self.text = text
  }

  /// "<level> text" in one line: line breaks are written as \x0a, as /dev/kmsg does.
  package var line: String {
    let escaped = text.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "\\x0a")
    return "<\(level.rawValue)> \(escaped)"
  }
}
