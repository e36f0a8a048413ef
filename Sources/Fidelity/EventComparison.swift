// SPDX-License-Identifier: Apache-2.0
// Simulated and recorded trace events side by side; where they part is shown first.

package import UAPI

package struct EventComparison: Sendable {
  package struct Interval: Sendable {
    package let from: String
    package let to: String
    package let recorded: [EventLine]
    package let simulated: [EventLine]

    /// Position of the first event that differs or is missing on one side; nil when all are equal.
    package var firstDifference: Int? {
      if let at = zip(recorded, simulated).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        return at
      }
      return recorded.count == simulated.count ? nil : min(recorded.count, simulated.count)
    }
  }

  package let intervals: [Interval]
  package var isEqual: Bool { intervals.allSatisfy { $0.firstDifference == nil } }

  /// nil when the recording carries no events and none lie beside it, or the run has not come to
  /// its end.
  package init?(
    recording: RecordingFile, answers: RecordingAnswers, comparison: Comparison
  ) throws(RecordingError) {
    guard comparison.run.status == .ok,
      let recorded = try RecordedTrace.intervals(
        of: recording, question: comparison.question, answers: answers)
    else { return nil }
    self.init(comparison.intervals, recorded: recorded, simulated: comparison.run.events)
  }

  package init(
    _ spans: [CellInterval], recorded: [[EventLine]], simulated: [[TraceEvent]]
  ) {
    // Some recorders were asked to trace fallbacks of the allocator as well.
    let tracesFallbacks = recorded.contains { $0.contains { $0.name == TraceEvent.fallbackName } }
    intervals = spans.enumerated().map { position, span in
      Interval(
        from: span.from, to: span.to,
        recorded: (position < recorded.count ? recorded[position] : []).map(\.masked),
        simulated: position < simulated.count
          ? simulated[position].filter { $0.isRecorded(withFallbacks: tracesFallbacks) }
            .map { EventLine(name: $0.name, payload: $0.payload).masked } : [])
    }
  }

  /// The first difference with what leads to it, then the events of every interval.
  package var lines: [String] {
    var lines: [String] = []
    for interval in intervals {
      guard let at = interval.firstDifference else { continue }
      lines.append("first difference: \(interval.from)..\(interval.to), event \(at)")
      lines += interval.lines(max(0, at - Self.leading)..<at + Self.following)
      break
    }
    for interval in intervals {
      lines.append(
        "\(interval.from)..\(interval.to): \(interval.recorded.count) recorded, "
          + "\(interval.simulated.count) simulated"
          + (interval.firstDifference.map { ", equal up to event \($0)" } ?? ", equal"))
      lines += interval.lines(0..<max(interval.recorded.count, interval.simulated.count))
    }
    return lines
  }

  /// Events shown before and from the first difference on.
  private static let leading = 5
  private static let following = 5
}

extension TraceEvent {
  /// One of the kinds that the recorded kernels were asked to trace.
  fileprivate func isRecorded(withFallbacks tracesFallbacks: Bool) -> Bool {
    switch self {
    case .memcgReclaimBegin, .memcgReclaimEnd, .directReclaimBegin, .directReclaimEnd,
      .wakeupKswapd, .kswapdWake, .kswapdSleep, .lruIsolate, .lruShrinkInactive, .lruShrinkActive,
      .shrinkSlabStart, .shrinkSlabEnd, .throttled, .markVictim, .reaper:
      true
    case .externalFragmentation: tracesFallbacks
    case .congestionWait, .waitIffCongested, .reclaimRetryZone, .oomScoreAdjust, .writeFolio, .step:
      false
    }
  }
}

extension EventComparison.Interval {
  /// One line where both sides agree, two where they do not.
  fileprivate func lines(_ range: Range<Int>) -> [String] {
    range.flatMap { at -> [String] in
      let real = at < recorded.count ? recorded[at] : nil
      let sim = at < simulated.count ? simulated[at] : nil
      if real == nil && sim == nil { return [] }
      if real == sim { return ["  \(at) = \(real!)"] }
      return [
        "  \(at) recorded  \(real?.description ?? "-")",
        "  \(at) simulated \(sim?.description ?? "-")",
      ]
    }
  }
}
