// SPDX-License-Identifier: Apache-2.0
// What was measured: rows, each with its target and whether it holds.

/// The most a figure may be.
enum Target {
  case nanoseconds(Double)
  /// As a multiple of the figure it is compared with.
  case ratio(Double)

  var text: String {
    switch self {
    case .nanoseconds(let most): "<= \(Report.number(most)) ns"
    case .ratio(let most): "<= \(Report.number(most)) x"
    }
  }
}

/// One figure.
struct Row {
  let name: String
  /// The number of pages it was measured at; nil where that plays no part.
  let size: Int?
  let nanoseconds: Double
  /// How many times the figure of the row it is compared with.
  let ratio: Double?
  let target: Target?
  /// What else belongs to the figure, such as hits for each miss.
  let beside: [(name: String, value: Double)]

  /// How many times its target the figure is; nil without a target.
  var ofTarget: Double? {
    switch target {
    case nil: nil
    case .nanoseconds(let most): nanoseconds / most
    case .ratio(let most): ratio.map { $0 / most }
    }
  }

  var holds: Bool? { ofTarget.map { $0 <= 1 } }
}

struct Report {
  private(set) var rows: [Row] = []

  /// Adds a figure, compared with `yardstick`, the name of an earlier row, of the same size where
  /// none is given.
  mutating func add(
    _ name: String, size: Int? = nil, _ nanoseconds: Double, against yardstick: String? = nil,
    at yardstickSize: Int? = nil, target: Target? = nil,
    beside: [(name: String, value: Double)] = []
  ) {
    var ratio: Double?
    if let yardstick, let base = self.nanoseconds(yardstick, size: yardstickSize ?? size) {
      ratio = nanoseconds / base
    }
    rows.append(
      Row(
        name: name, size: size, nanoseconds: nanoseconds, ratio: ratio, target: target,
        beside: beside))
  }

  /// The figure of an earlier row; nil if it was not measured in this run.
  func nanoseconds(_ name: String, size: Int?) -> Double? {
    rows.first { $0.name == name && $0.size == size }?.nanoseconds
  }

  /// Whether no figure is beyond `slack` times its target.
  func isWithin(slack: Double) -> Bool { rows.allSatisfy { ($0.ofTarget ?? 0) <= slack } }

  /// Rounded half up to hundredths, without superfluous zeros: 0.2, 148.13, 1000.
  static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    if rest == 0 { return "\(whole)" }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }
}
