// SPDX-License-Identifier: Apache-2.0
// What the real kernel answered: every mark, what ops returned, its trace events, and the range of
// its own answers.
//
// Only Comparison and EventComparison see this type. A recording that ends at `base` has answers
// too: none.

package struct RecordingAnswers: Sendable, Decodable {
  /// One reading of the counters; names and units are those of the kernel's files.
  struct Mark: Sendable, Decodable {
    let name: String
    /// Nanoseconds since boot, when the reading began; nil where a recording does not say.
    let t: UInt64?
    let vmstat: [String: Int]
    let nodes: [Int: [String: Int]]
    /// By path without the leading slash; the root is "/".
    let cgroups: [String: Cgroup]
  }
  struct Cgroup: Sendable, Decodable {
    let stat: [String: Int]?
    let events: [String: Int]?
    /// In bytes, as memory.current has them.
    let current: Int?
    let swapCurrent: Int?

    enum CodingKeys: String, CodingKey {
      case stat, events, current
      case swapCurrent = "swap.current"
    }
  }
  struct Op: Sendable, Decodable {
    let task: String
    let i: Int
    let ret: Int?
  }
  struct Exit: Sendable, Decodable {
    let task: String
    /// 9: killed for want of memory.
    let wait_status: Int
  }

  /// From `base` on, in the order in which they were taken; names may repeat.
  let marks: [Mark]
  /// What ops returned, the set-up's included, in the order in which they ended.
  let ops: [Op]
  let exits: [Exit]
  /// Per interval and cell, the lowest and highest answer the same kernel gave; empty where it was
  /// asked once.
  let ranges: [[String: ClosedRange<Int>]]
  /// Trace lines as ftrace printed them, where the recording carries them.
  let trace: [String]?
  /// Kernel messages after `base`.
  let kmsg: [String]

  /// - Throws: RecordingError when a field that is there cannot be read.
  package init(_ recording: RecordingFile) throws(RecordingError) {
    self = try recording.decode(RecordingAnswers.self)
  }

  package init(from decoder: any Decoder) throws {
    let wire = try Wire(from: decoder)
    marks = wire.marks.filter { $0.name != "warm" }
    ops = wire.ops ?? []
    exits = wire.exits ?? []
    trace = wire.trace?.raw
    kmsg = wire.kmsg ?? []
    ranges = try (wire.ranges?.intervals ?? []).map { interval in
      try interval.cells.mapValues { edges in
        guard edges.count == 2, edges[0] <= edges[1] else {
          throw DecodingError.dataCorrupted(
            .init(codingPath: [], debugDescription: "a range is no [lowest, highest]"))
        }
        return edges[0]...edges[1]
      }
    }
  }

  private struct Wire: Decodable {
    struct Ranges: Decodable {
      struct Interval: Decodable { var cells: [String: [Int]] }
      var intervals: [Interval]
    }
    struct Trace: Decodable { var raw: [String]? }
    var marks: [Mark]
    var ops: [Op]?
    var exits: [Exit]?
    var ranges: Ranges?
    var trace: Trace?
    var kmsg: [String]?
  }
}
