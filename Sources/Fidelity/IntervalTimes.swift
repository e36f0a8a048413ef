// SPDX-License-Identifier: Apache-2.0
// How long the intervals between marks took, on the real machine and on the simulated one.
//
// Marks are readings of a clock as well: what the guest's clock says of an interval is held against
// simulated time. No cell depends on it, but whoever believes a latency should look.

internal import Timeline

package struct IntervalTimes: Sendable {
  package struct Interval: Sendable, Equatable {
    package let from: String
    package let to: String
    /// Nanoseconds.
    package let real: UInt64
    package let simulated: UInt64

    package init(from: String, to: String, real: UInt64, simulated: UInt64) {
      self.from = from
      self.to = to
      self.real = real
      self.simulated = simulated
    }

    /// By how many thousandths of the real time the simulated one is longer.
    package var difference: Int {
      real == 0 ? 0 : (Int(simulated) - Int(real)) * 1000 / Int(real)
    }
  }

  package let intervals: [Interval]

  /// nil when the run has not come to its end or the recording has no times.
  package init?(run: WorkloadRun, answers: RecordingAnswers) {
    let times = answers.marks.compactMap(\.t)
    guard run.status == .ok, times.count == answers.marks.count, times.count == run.marks.count
    else { return nil }
    intervals = (1..<max(1, times.count)).map { k in
      Interval(
        from: run.marks[k - 1].name, to: run.marks[k].name, real: times[k] - times[k - 1],
        simulated: (run.marks[k].snapshot.at - run.marks[k - 1].snapshot.at).count)
    }
  }

  /// One line for each interval.
  package var lines: [String] {
    intervals.map { interval in
      let tenths = abs(interval.difference)
      let sign = interval.difference < 0 ? "-" : "+"
      return pad("\(interval.from)..\(interval.to)", 24)
        + pad("real \(Nanoseconds(interval.real).text)", 20)
        + pad("simulated \(Nanoseconds(interval.simulated).text)", 26)
        + "\(sign)\(tenths / 10).\(tenths % 10) %"
    }
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.utf8.count))
  }
}
