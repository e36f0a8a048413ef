// SPDX-License-Identifier: Apache-2.0
// The simulated and the real run of one recording, cell by cell.
//
// A cell holds inside the range of the real kernel's own answers or within a tolerance of its edge;
// the tolerance depends on whether several flows of control compete in the recording. Rules and
// numbers are those of the official score.

package struct Cell: Sendable, Equatable {
  package let from: String
  package let to: String
  package let name: String
  package let real: Int
  /// The real kernel's own answers; where it was asked once, both are `real`.
  package let low: Int
  package let high: Int
  /// nil: the simulated run has no such cell.
  package let simulated: Int?
  package let holds: Bool
  /// Inside the range; for free pages, whose per-CPU share no file shows, where the cell holds.
  package let equal: Bool
  /// Distance from the range as a share of the real value.
  package let error: Double
}

package struct Comparison: Sendable {
  package let question: RecordingQuestion
  package let run: WorkloadRun
  /// Of the simulated run, `base` first; empty unless the run came to its end.
  package let intervals: [CellInterval]
  /// Of the real run; nil for a recording that ends at `base`.
  let real: [CellInterval]?
  /// Those of the real run that are scored. Cells where both sides are zero are not.
  package let cells: [Cell]
  /// Counters of the real run that are zero on both sides: no cells, but each may become one.
  package let zeros: Int
  /// Ops whose answer differs.
  package let outcomeDifferences: [String]

  package var isTimed: Bool { Tolerance.isTimed(question.scenario) }
  package var holding: Int { cells.count { $0.holds } }
  package var equal: Int { cells.count { $0.equal } }
  package var misses: [Cell] { cells.filter { !$0.holds } }
  /// The workload was performed to its end and every cell holds.
  package var isGood: Bool { run.status == .ok && holding == cells.count }

  package init(question: RecordingQuestion, run: WorkloadRun, answers: RecordingAnswers) {
    self.init(
      question: question, run: run,
      intervals: run.status == .ok ? CellInterval.simulated(run.marks) : [], answers: answers)
  }

  /// - Parameter intervals: the cells of the simulated run, however they were come by.
  package init(
    question: RecordingQuestion, run: WorkloadRun, intervals: [CellInterval],
    answers: RecordingAnswers
  ) {
    self.question = question
    self.run = run
    self.intervals = intervals
    let answered = CellInterval.real(answers)
    real = answered.isEmpty ? nil : answered
    let tolerance = Tolerance(question.scenario)
    var cells: [Cell] = []
    var zeros = 0
    for (at, real) in answered.enumerated() {
      let simulated = at < intervals.count && intervals[at].spans(real) ? intervals[at] : nil
      let ranges = at < answers.ranges.count ? answers.ranges[at] : [:]
      for name in real.cells.keys.sorted() {
        let value = real.cells[name]!
        let cell = tolerance.judge(
          real, name, real: value, range: ranges[name] ?? value...value,
          simulated: simulated?.cells[name])
        if let cell { cells.append(cell) } else { zeros += 1 }
      }
    }
    self.cells = cells
    self.zeros = zeros
    outcomeDifferences =
      run.status == .ok ? Self.differences(run, answers) + Self.deaths(run, answers) : []
  }

  /// What the real run had for a cell of the simulated interval at `position`.
  package func realValue(_ name: String, at position: Int) -> Int? {
    guard let real, position < real.count, real[position].spans(intervals[position]) else {
      return nil
    }
    return real[position].cells[name]
  }

  /// Compares task by task: in which order the tasks' ops ended is no property of an op.
  private static func differences(_ run: WorkloadRun, _ answers: RecordingAnswers) -> [String] {
    var differences: [String] = []
    let tasks = Set(run.results.map(\.site.task)).sorted()
    for task in tasks {
      let recorded = answers.ops.filter { $0.task == task }
      for (op, result) in zip(recorded, run.results.lazy.filter { $0.site.task == task }) {
        guard op.i == result.site.index, (op.ret ?? 0) != result.value else { continue }
        differences.append("\(result.site): real \(op.ret ?? 0), sim \(result.value)")
      }
    }
    return differences
  }
}

extension Comparison {
  /// Tasks that were killed on one side only.
  private static func deaths(_ run: WorkloadRun, _ answers: RecordingAnswers) -> [String] {
    answers.exits.compactMap { exit in
      let real = exit.wait_status == 9, simulated = run.killed.contains(exit.task)
      if real == simulated { return nil }
      return "task \(exit.task): real \(real ? "killed" : "exited"), "
        + "sim \(simulated ? "killed" : "exited")"
    }
  }
}

/// How far a cell may lie outside of the real kernel's own answers.
struct Tolerance {
  private let pages: Int
  private let share: Double

  private static let timedFamilies = ["d", "f", "g", "i", "j"]
  private static let timedDevices = ["null", "zram", "brd"]

  /// kswapd, timers, flushers or several tasks take part.
  static func isTimed(_ scenario: RecordedScenario) -> Bool {
    timedFamilies.contains(scenario.family)
      || scenario.devices.contains { device in
        let words = device.split(separator: " ")
        return words.count > 1 && timedDevices.contains(String(words[1]))
      }
  }

  init(_ scenario: RecordedScenario) {
    (pages, share) = Self.isTimed(scenario) ? (64, 0.03) : (32, 0.01)
  }

  private func slack(_ name: String) -> (pages: Int, share: Double) {
    let last = name.split(separator: ".").last ?? ""
    if last == "oom_kill" || last == "event_oom_kill" { return (0, 0) }
    if last == "allocstall" || last.hasPrefix("event_") { return (2, share) }
    return (pages, share)
  }

  /// nil where nothing happened on either side.
  func judge(
    _ interval: CellInterval, _ name: String, real: Int, range: ClosedRange<Int>, simulated: Int?
  ) -> Cell? {
    if range == 0...0, simulated == 0 { return nil }
    let value = simulated ?? 0
    let (pages, share) = slack(name)
    let off = max(range.lowerBound - value, value - range.upperBound, 0)
    let size = Double(abs(real))
    let holds = simulated != nil && Double(off) <= max(Double(pages), share * size)
    return Cell(
      from: interval.from, to: interval.to, name: name, real: real, low: range.lowerBound,
      high: range.upperBound, simulated: simulated, holds: holds,
      equal: holds && (off == 0 || name.hasSuffix("nr_free_pages")),
      error: simulated == nil ? 1 : Double(off) / max(size, Double(pages), 1))
  }
}
