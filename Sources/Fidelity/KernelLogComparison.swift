// SPDX-License-Identifier: Apache-2.0
// The kernel's log of a real run and of the simulated one, line by line.
//
// Of a real OOM report the call trace and the registers are left out, with what identifies the
// machine they were taken on: they tell about code. The numbers of processes, the virtual size and
// the mapped file pages belong to the program that performed the workload and are masked.

import Foundation
package import UAPI

package struct KernelLogComparison: Sendable {
  /// "<level> text", masked.
  package let recorded: [String]
  package let simulated: [String]

  package init(answers: RecordingAnswers, run: WorkloadRun) {
    self.init(recorded: answers.kmsg, simulated: run.messages)
  }

  /// - Parameter recorded: "usec <level> text", as the recordings have them.
  package init(recorded: [String], simulated: [KernelMessage]) {
    self.recorded = Self.withoutCode(recorded.map { String($0.drop { $0 != "<" }) })
      .map(Self.masked)
    self.simulated = simulated.map { Self.masked($0.line) }
  }

  package var isEqual: Bool { recorded == simulated }

  /// One line where both sides agree, two where they do not.
  package var lines: [String] {
    (0..<max(recorded.count, simulated.count)).flatMap { at -> [String] in
      let real = at < recorded.count ? recorded[at] : "-"
      let sim = at < simulated.count ? simulated[at] : "-"
      return real == sim ? ["  = \(real)"] : ["  recorded  \(real)", "  simulated \(sim)"]
    }
  }

  /// A report's first line is a warning, and so are the lines of the call trace, and those behind
  /// Mem-Info, which are about memory again.
  private static func withoutCode(_ lines: [String]) -> [String] {
    var isAboutMemory = false
    return lines.filter { line in
      if line == "<4> Mem-Info:" { isAboutMemory = true }
      if line.contains(" invoked oom-killer: ") {
        isAboutMemory = false
        return true
      }
      return isAboutMemory || !line.hasPrefix("<4>")
    }
  }

  /// Replaces what may differ by "*".
  package static func masked(_ line: String) -> String {
    var line = line
    for key in ["pid=", "Killed process ", "total-vm:", "total-vm=", "file-rss:"] {
      line = masked(line, behind: key)
    }
    return line.hasPrefix("<6> [") ? maskedRow(line) : line
  }

  private static func masked(_ line: String, behind key: String) -> String {
    guard let range = line.range(of: key) else { return line }
    let rest = line[range.upperBound...].drop { $0.isASCII && $0.isNumber }
    return line[..<range.upperBound] + "*" + rest
  }

  /// A row of the table of tasks: columns of fixed width, of which pid, tgid and total_vm go; the
  /// heading has no numbers.
  private static func maskedRow(_ line: String) -> String {
    let parts = line.split(separator: "]", maxSplits: 1)
    guard parts.count == 2, parts[1].first(where: { $0 != " " })?.isNumber == true else {
      return line
    }
    let uid = parts[1].prefix(6)
    return "<6> [*]\(uid) * *\(parts[1].dropFirst(6 + 6 + 9))"
  }
}
