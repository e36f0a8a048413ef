// SPDX-License-Identifier: Apache-2.0
// memory.pressure: how much of the time somebody, or everybody, waited for memory (reference 14
// §14.2 to §14.5).

package import Timeline

/// One line of a pressure file.
package struct PressureLine: Sendable, Hashable {
  /// Averages over 10, 60 and 300 seconds, in hundredths of a per cent, rounded down as printed.
  package var average10 = 0, average60 = 0, average300 = 0
  /// Stall time since the group was made.
  package var total: Nanoseconds = 0

  package init() {}

  fileprivate var text: String {
    "avg10=\(Self.percent(average10)) avg60=\(Self.percent(average60)) "
      + "avg300=\(Self.percent(average300)) total=\(total.count / 1000)"
  }

  private static func percent(_ hundredths: Int) -> String {
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

/// memory.pressure of a group.
package struct PressureSnapshot: Sendable, Hashable {
  package var some = PressureLine()
  package var full = PressureLine()

  package init() {}

  /// As the file prints it.
  package var text: String { "some \(some.text)\nfull \(full.text)" }
}

/// What a trigger on a pressure file asks to be told.
package struct PressureTrigger: Sendable, Hashable {
  /// The line it looks at.
  package var isFull: Bool
  /// Stall time within a window that is an event.
  package var threshold: Nanoseconds
  package var window: Nanoseconds

  package init(isFull: Bool, threshold: Nanoseconds, window: Nanoseconds) {
    self.isFull = isFull
    self.threshold = threshold
    self.window = window
  }

  /// Windows that a kernel accepts.
  package static let windowMin = Nanoseconds.milliseconds(500)
  package static let windowMax = Nanoseconds.seconds(10)

  /// What a kernel would refuse about it; nil when it would not.
  package var problem: String? {
    if window.count < Self.windowMin.count || window.count > Self.windowMax.count {
      return "the window is expected to be 500 ms to 10 s"
    }
    if threshold.count == 0 || threshold.count > window.count {
      return "the threshold is expected to be more than nothing and at most the window"
    }
    return nil
  }
}
