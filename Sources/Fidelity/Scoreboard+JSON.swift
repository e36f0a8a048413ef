// SPDX-License-Identifier: Apache-2.0
// Many comparisons as JSON: the form that the official score reads.

import Foundation

extension Scoreboard {
  /// An array with one object per recording, keys sorted, ending in a newline.
  package static func json(_ rows: [Row]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return String(decoding: try encoder.encode(rows.map(Entry.init)), as: UTF8.self) + "\n"
  }

  private struct Entry: Encodable {
    struct Interval: Encodable {
      let from: String
      let to: String
      let counters: [String: Pair]
    }
    struct Pair: Encodable {
      let real: Int?
      let sim: Int
      enum Key: String, CodingKey { case real, sim }

      func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(real, forKey: .real)
        try fields.encode(sim, forKey: .sim)
      }
    }
    enum Key: String, CodingKey {
      case recording, kernel, lru, status, reason, digest, intervals
    }

    let recording: String
    var kernel: String?
    var lru: String?
    let status: WorkloadRun.Status
    let reason: String?
    var digest: String?
    var intervals: [Interval] = []

    init(_ row: Row) {
      switch row {
      case .unreadable(let error):
        recording = URL(fileURLWithPath: error.file).lastPathComponent
        status = .failed
        reason = error.reason
      case .compared(let comparison):
        recording = URL(fileURLWithPath: comparison.question.file).lastPathComponent
        kernel = comparison.question.kernel
        lru = comparison.question.lru.rawValue
        status = comparison.run.status
        reason = comparison.run.reason
        digest = comparison.run.digest
        intervals = comparison.intervals.enumerated().map { position, interval in
          var counters: [String: Pair] = [:]
          for (name, value) in interval.cells {
            counters[name] = Pair(real: comparison.realValue(name, at: position), sim: value)
          }
          return Interval(from: interval.from, to: interval.to, counters: counters)
        }
      }
    }

    /// Absent values are written as null, so that every object has the same fields.
    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: Key.self)
      try fields.encode(recording, forKey: .recording)
      try fields.encode(kernel, forKey: .kernel)
      try fields.encode(lru, forKey: .lru)
      try fields.encode(status.rawValue, forKey: .status)
      try fields.encode(reason, forKey: .reason)
      try fields.encode(digest, forKey: .digest)
      try fields.encode(intervals, forKey: .intervals)
    }
  }
}
