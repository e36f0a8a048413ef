// SPDX-License-Identifier: Apache-2.0
// The trace events of a real run: lines as ftrace prints them, cut down to what a simulation can
// answer for.
//
// Compared are an event's name and payload. Who ran, on which CPU, when, and every address say
// nothing about a mechanism and are dropped; marks, which the driver writes into the trace, divide
// the events into intervals.

import Foundation

/// One event by its name and payload.
package struct EventLine: Sendable, Equatable, CustomStringConvertible {
  package let name: String
  package let payload: String

  package init(name: String, payload: String) {
    self.name = name
    self.payload = payload
  }

  /// Without what belongs to the program that performed the workload.
  var masked: EventLine {
    guard name == "mark_victim" else { return self }
    return EventLine(name: name, payload: KernelLogComparison.masked(payload))
  }

  package var description: String { "\(name): \(payload)" }
}

package enum RecordedTrace {
  /// The events between marks, from `base` on; nil when the recording has none and none lie beside
  /// it.
  static func intervals(
    of recording: RecordingFile, question: RecordingQuestion,
    answers: RecordingAnswers
  ) throws(RecordingError) -> [[EventLine]]? {
    if let trace = answers.trace { return split(trace) }
    let folder = URL(fileURLWithPath: recording.path).deletingLastPathComponent()
    let path = folder.appendingPathComponent("../../traces")
      .appendingPathComponent("\(question.kernel)-\(question.lru.rawValue)")
      .appendingPathComponent("\(question.scenario.name).txt.gz").standardizedFileURL.path
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let text = String(decoding: try RecordingFile(path: path).bytes, as: UTF8.self)
    return split(text.split(separator: "\n").map(String.init))
  }

  /// Divides lines at the marks; what lies before `base` is left out.
  package static func split(_ lines: [String]) -> [[EventLine]] {
    var intervals: [[EventLine]] = []
    for line in lines {
      guard let event = parse(line) else { continue }
      guard event.name == "tracing_mark_write" else {
        if !intervals.isEmpty { intervals[intervals.count - 1].append(event) }
        continue
      }
      if event.payload == "MARK warm" { continue }
      intervals.append([])
    }
    return intervals
  }

  /// "init-83  [000] .N...  3.129320: NAME: PAYLOAD"; nil for a line of another form.
  package static func parse(_ line: String) -> EventLine? {
    guard let cpu = line.range(of: "] "),
      let time = line.range(of: ": ", range: cpu.upperBound..<line.endIndex),
      let name = line.range(of: ": ", range: time.upperBound..<line.endIndex)
    else { return nil }
    let event = String(line[time.upperBound..<name.lowerBound])
    let payload = String(line[name.upperBound...])
    return EventLine(
      name: event, payload: event.hasPrefix("mm_shrink_slab_") ? withoutAddresses(payload) : payload
    )
  }

  /// "scan_shadow_nodes+0x0/0x30 (____ptrval____): nid: …" becomes "scan_shadow_nodes: nid: …".
  private static func withoutAddresses(_ payload: String) -> String {
    guard let colon = payload.range(of: ": ") else { return payload }
    let shrinker = payload[..<colon.lowerBound].prefix { $0 != "+" && $0 != " " }
    return String(shrinker + payload[colon.lowerBound...])
  }
}
