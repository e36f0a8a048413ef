// SPDX-License-Identifier: Apache-2.0
// The verdicts are those of the official score: answers that were perturbed in every way that
// matters (equal, at the edge of the tolerance, one beyond, missing) were judged by it, and its
// verdicts lie in verdicts/.

import Fidelity
import Foundation
import Testing
import Timeline
import UAPI

@Suite struct ComparisonTests {
  private struct Verdict: Decodable {
    struct Interval: Decodable {
      let from: String
      let to: String
      let cells: [String: Int]
    }
    let intervals: [Interval]
    let cells: Int
    let ok: Int
    let equal: Int
    let cls: String
    let misses: [[String]]
    let unequal: [[String]]
  }

  private static let performed = WorkloadRun(marks: [], events: [], results: [], digest: "0")

  @Test(arguments: [
    ("memcg-workingset", "recordings/6.1-classic"), ("numa-interleave", "verdicts"),
  ])
  func everyCellIsJudgedAsTheOfficialScoreJudgesIt(name: String, folder: String) throws {
    let path = Shipped.folder.appendingPathComponent("\(folder)/\(name).json.gz").path
    let file = try RecordingFile(path: path)
    let verdict = try JSONDecoder().decode(
      Verdict.self,
      from: Data(
        contentsOf: Shipped.folder.appendingPathComponent("verdicts/\(name).verdict.json")))
    let comparison = Comparison(
      question: try RecordingQuestion(file), run: Self.performed,
      intervals: verdict.intervals.map {
        CellInterval(from: $0.from, to: $0.to, cells: $0.cells)
      }, answers: try RecordingAnswers(file))

    func names(_ cells: [Cell]) -> [[String]] {
      cells.map { ["\($0.from)..\($0.to)", $0.name] }.sorted { $0.joined() < $1.joined() }
    }
    func sorted(_ list: [[String]]) -> [[String]] { list.sorted { $0.joined() < $1.joined() } }
    #expect(comparison.cells.count == verdict.cells)
    #expect(comparison.holding == verdict.ok)
    #expect(comparison.equal == verdict.equal)
    #expect(comparison.isTimed == (verdict.cls == "timed"))
    #expect(names(comparison.misses) == sorted(verdict.misses))
    #expect(names(comparison.cells.filter { $0.holds && !$0.equal }) == sorted(verdict.unequal))
    #expect(!comparison.isGood)
  }

  /// Simulated intervals that repeat the real ones to the page.
  private func same(_ name: String) throws -> [CellInterval] {
    try Comparison(
      question: Shipped.question(name), run: Self.performed, intervals: [],
      answers: RecordingAnswers(Shipped.file(name))
    ).cells.reduce(into: []) { intervals, cell in
      if intervals.last?.from != cell.from || intervals.last?.to != cell.to {
        intervals.append(CellInterval(from: cell.from, to: cell.to, cells: [:]))
      }
      let last = intervals.removeLast()
      intervals.append(
        CellInterval(
          from: last.from, to: last.to,
          cells: last.cells.merging([cell.name: cell.real]) { $1 }))
    }
  }

  @Test func answersEqualToThePageAreAllEqual() throws {
    let comparison = Comparison(
      question: try Shipped.question("r-0044"), run: Self.performed, intervals: try same("r-0044"),
      answers: try RecordingAnswers(Shipped.file("r-0044")))
    #expect(comparison.isGood)
    #expect(comparison.cells.count > 30)
    #expect(comparison.equal == comparison.cells.count)
  }

  @Test func anIntervalOfAnotherNameIsNoAnswer() throws {
    var intervals = try same("tiny-file")
    intervals[0] = CellInterval(from: "base", to: "other", cells: intervals[0].cells)
    let comparison = Comparison(
      question: try Shipped.question("tiny-file"), run: Self.performed, intervals: intervals,
      answers: try RecordingAnswers(Shipped.file("tiny-file")))
    #expect(comparison.cells.filter { $0.to == "read1" }.allSatisfy { !$0.holds })
    #expect(comparison.realValue("vmstat.pgscan_file", at: 0) == nil)
  }

  @Test func aRunThatWasRefusedMissesEveryCellAndTellsNothing() throws {
    let comparison = Comparison(
      question: try Shipped.question("tiny-file"), run: WorkloadRun(.unsupported, "why"),
      answers: try RecordingAnswers(Shipped.file("tiny-file")))
    #expect(comparison.intervals.isEmpty)
    #expect(comparison.holding == 0 && comparison.cells.count > 10)
    #expect(!comparison.isGood)
  }

  @Test func simulatedCellsHaveEveryNameOfTheScore() throws {
    func snapshot(_ value: Int, cgroups: [String]) -> Snapshot {
      Snapshot(
        at: Instant(nanoseconds: 0), vmstat: Array(repeating: value, count: VmCounter.count),
        nodes: [NodeSnapshot(vmstat: Array(repeating: value, count: VmCounter.count), zones: [])],
        cgroups: cgroups.map { path in
          CgroupSnapshot(
            path: path, stat: Array(repeating: value, count: MemcgCounter.count),
            events: Array(repeating: value, count: MemcgEvent.count), current: value,
            swapCurrent: value)
        })
    }
    let intervals = CellInterval.simulated([
      ("base", snapshot(5, cgroups: ["/"])), ("m", snapshot(9, cgroups: ["/", "a/b"])),
      ("end", snapshot(10, cgroups: ["/", "a/b"])),
    ])
    #expect(intervals.map(\.from) == ["base", "m"] && intervals.map(\.to) == ["m", "end"])
    // 34 flows, 8 levels, allocstall; per cgroup 14 flows, 8 levels, 5 events, 2 amounts.
    #expect(intervals.allSatisfy { $0.cells.count == 43 + 29 })
    let first = intervals[0].cells, second = intervals[1].cells
    #expect(first["vmstat.pgscan_file"] == 4 && second["vmstat.pgscan_file"] == 1)
    #expect(first["vmstat.allocstall"] == 16)
    #expect(first["cgroup:/a/b.pgscan"] == 9 && second["cgroup:/a/b.pgscan"] == 1)
    #expect(first["cgroup:/a/b.inactive_file"] == 9 && second["cgroup:/a/b.inactive_file"] == 10)
    #expect(first["cgroup:/a/b.event_max"] == 9 && second["cgroup:/a/b.event_max"] == 1)
    #expect(second["cgroup:/a/b.current"] == 10 && second["cgroup:/a/b.swap_current"] == 10)
    // The real side has no name that the simulated one lacks.
    for name in Shipped.names {
      let real = Comparison(
        question: try Shipped.question(name), run: Self.performed, intervals: [],
        answers: try RecordingAnswers(Shipped.file(name)))
      for cell in real.cells where cell.name.hasPrefix("vmstat.") {
        #expect(first[cell.name] != nil, "\(cell.name)")
      }
    }
  }

  @Test func jsonHasTheFieldsThatProgramsExpect() throws {
    let question = try RecordingQuestion(Shipped.stripped("tiny-file"))
    let unanswered = Comparison(
      question: question, run: Self.performed,
      intervals: [CellInterval(from: "base", to: "end", cells: ["vmstat.pgscan_file": 3])],
      answers: try RecordingAnswers(Shipped.stripped("tiny-file")))
    let answered = Comparison(
      question: question, run: Self.performed, intervals: try same("tiny-file"),
      answers: try RecordingAnswers(Shipped.file("tiny-file")))
    let text = try Scoreboard.json([
      .compared(unanswered), .compared(answered),
      .unreadable(RecordingError(file: "a/b.json", reason: "cut")),
    ])
    let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
    #expect(rows.count == 3)
    let fields = ["digest", "intervals", "kernel", "lru", "reason", "recording", "status"]
    #expect(rows.allSatisfy { $0.keys.sorted() == fields })
    #expect(rows.map { $0["status"] as? String } == ["ok", "ok", "failed"])
    #expect(rows[0]["recording"] as? String == "tiny-file.json.gz")
    #expect(rows[2]["recording"] as? String == "b.json")
    func counter(_ row: Int, _ name: String) -> [String: Any]? {
      let interval = (rows[row]["intervals"] as? [[String: Any]])?.first
      return (interval?["counters"] as? [String: Any])?[name] as? [String: Any]
    }
    #expect(counter(0, "vmstat.pgscan_file")?["sim"] as? Int == 3)
    #expect(counter(0, "vmstat.pgscan_file")?["real"] is NSNull)
    #expect(counter(1, "vmstat.pgscan_file")?["real"] as? Int == 1083)
    #expect(counter(1, "vmstat.pgscan_file")?["sim"] as? Int == 1083)
    #expect(unanswered.isGood)
  }

  @Test func theTextTellsWhatMissesAndWhy() throws {
    var intervals = try same("tiny-file")
    intervals[0] = CellInterval(
      from: intervals[0].from, to: intervals[0].to,
      cells: intervals[0].cells.merging(["vmstat.pgscan_file": 999]) { $1 })
    let answers = try RecordingAnswers(Shipped.file("tiny-file"))
    let question = try Shipped.question("tiny-file")
    let performed = Comparison(
      question: question, run: Self.performed, intervals: intervals, answers: answers)
    let details = Scoreboard.details(performed)
    #expect(details.count == 1)
    #expect(details.first?.hasSuffix("real 1083  sim 999") == true)
    let refused = Comparison(
      question: question, run: WorkloadRun(.unsupported, "no such thing"), answers: answers)
    #expect(Scoreboard.details(refused).isEmpty)
    let lines = Scoreboard.text([.compared(performed), .compared(refused)]).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].contains("14/15 cells hold, 93.3 %"))
    #expect(lines[1].hasSuffix("unsupported: no such thing"))
    // Of a refused run the counters that were zero miss as well, as in the official score.
    #expect(lines[2].hasPrefix("1 of 2 recordings performed, 14/155 cells hold"))
  }
}
