// SPDX-License-Identifier: Apache-2.0

import Fidelity
import Foundation
import Testing
import UAPI

@Suite struct TraceTests {
  @Test(arguments: [
    (
      "init-83      [000] .N...     3.129320: mm_vmscan_memcg_reclaim_end: nr_reclaimed=57",
      EventLine(name: "mm_vmscan_memcg_reclaim_end", payload: "nr_reclaimed=57")
    ),
    (
      "kworker/u2:1-45 [000] ....  3.1: mm_vmscan_kswapd_sleep: nid=0",
      EventLine(name: "mm_vmscan_kswapd_sleep", payload: "nid=0")
    ),
    (
      "a [x-1 [000] ..... 4.7: mm_shrink_slab_end: scan_shadow_nodes+0x0/0x30 (____ptrval____): "
        + "nid: 0 unused scan count 6",
      EventLine(
        name: "mm_shrink_slab_end", payload: "scan_shadow_nodes: nid: 0 unused scan count 6")
    ),
    (
      "k-47 [000] .... 2.9: mm_shrink_slab_start: super_cache_scan+0x0/0x1f0 ffff8880047a6c28: "
        + "nid: 0 objects",
      EventLine(name: "mm_shrink_slab_start", payload: "super_cache_scan: nid: 0 objects")
    ),
  ])
  func anEventIsItsNameAndPayload(line: String, expected: EventLine) {
    #expect(RecordedTrace.parse(line) == expected)
  }

  @Test func linesOfAnotherFormAreNoEvents() {
    #expect(RecordedTrace.parse("") == nil)
    #expect(RecordedTrace.parse("# tracer: nop") == nil)
    #expect(RecordedTrace.parse("init-1 [000] .... 3.1") == nil)
  }

  private func line(_ event: String) -> String { "init-1 [000] ..... 3.1: \(event)" }

  @Test func marksDivideTheEvents() {
    let intervals = RecordedTrace.split([
      line("tracing_mark_write: MARK warm"), line("x: before=1"),
      line("tracing_mark_write: MARK base"), line("x: a=1"), line("x: a=2"),
      line("tracing_mark_write: MARK one"), line("tracing_mark_write: MARK two"), line("x: a=3"),
    ])
    #expect(intervals.map { $0.map(\.payload) } == [["a=1", "a=2"], [], ["a=3"]])
  }

  @Test func whereTheEventsPartComesFirst() {
    func isolate(_ n: Int) -> TraceEvent {
      .lruIsolate(
        isolateMode: 0, classZone: 1, order: 0, requested: n, scanned: n, skipped: 0, taken: n,
        list: .inactive_file)
    }
    func recorded(_ n: Int) -> EventLine {
      EventLine(
        name: "mm_vmscan_lru_isolate",
        payload: "isolate_mode=0 classzone=1 order=0 nr_requested=\(n) nr_scanned=\(n) "
          + "nr_skipped=0 nr_taken=\(n) lru=inactive_file")
    }
    let spans = [
      CellInterval(from: "base", to: "a", cells: [:]), CellInterval(from: "a", to: "b", cells: [:]),
    ]
    let equal = EventComparison(
      spans, recorded: [[recorded(1), recorded(2)], []],
      simulated: [[isolate(1), isolate(2)], []])
    #expect(equal.isEqual)
    #expect(equal.lines.first == "base..a: 2 recorded, 2 simulated, equal")

    let parted = EventComparison(
      spans, recorded: [[recorded(1)], [recorded(2), recorded(3)]],
      simulated: [[isolate(1)], [isolate(2), isolate(4)]])
    #expect(!parted.isEqual)
    #expect(parted.intervals.map(\.firstDifference) == [nil, 1])
    #expect(parted.lines.first == "first difference: a..b, event 1")
    #expect(parted.lines.dropFirst().first?.hasPrefix("  0 = mm_vmscan_lru_isolate") == true)

    let short = EventComparison(spans, recorded: [[recorded(1)]], simulated: [[], []])
    #expect(short.intervals[0].firstDifference == 0)
  }

  @Test func eventsAreFoundBesideTheRecordingsWhereItHasNone() throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("reclaimlua-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for folder in ["recordings/6.1-classic", "traces/6.1-classic"] {
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    var json = try Shipped.json("tiny-file")
    let lines = (json["trace"] as? [String: Any])?["raw"] as? [String] ?? []
    json["trace"] = ["lines": lines.count]
    let path = root.appendingPathComponent("recordings/6.1-classic/x.json").path
    let file = RecordingFile(
      path: path, bytes: [UInt8](try JSONSerialization.data(withJSONObject: json)))
    func events() throws -> EventComparison? {
      let comparison = Comparison(
        question: try RecordingQuestion(file),
        run: WorkloadRun(marks: [], events: [], results: [], digest: "0"),
        intervals: [CellInterval(from: "base", to: "read1", cells: [:])],
        answers: try RecordingAnswers(file))
      return try EventComparison(
        recording: file, answers: RecordingAnswers(file), comparison: comparison)
    }
    let none = try events()
    #expect(none == nil)
    try Data(lines.joined(separator: "\n").utf8).write(
      to: root.appendingPathComponent("traces/6.1-classic/tiny-file.txt.gz"))
    let found = try events()
    #expect(found?.intervals.first?.recorded.count == 228)
  }
}
