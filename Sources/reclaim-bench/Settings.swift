// SPDX-License-Identifier: Apache-2.0
// The command line of reclaim-bench.

/// What is to be measured, and how the result is told.
struct Settings {
  struct Mistake: Error { var message: String }

  static let usage = """
    usage: reclaim-bench [--json] [--short] [--sizes LIST] [--only NAMES] [--slack N]
      --json         a JSON object with sorted keys instead of a table
      --short        few rounds and small sizes: for continuous integration
      --sizes LIST   numbers of pages, such as 60k,1M,16M,64M (k and M are decimal)
      --only NAMES   these benchmarks only: \(benchmarks.map(\.name).joined(separator: ","))
      --slack N      exit with 1 only where a figure is beyond N times its target (default 1)

    """

  var json = false
  var wantsHelp = false
  /// How many times a measurement is repeated; odd, so that there is a median.
  var rounds = 5
  /// The same where a round fills or empties a large part of a machine.
  var machineRounds = 3
  /// How many items a round of a cheap operation has.
  var items = 4_194_304
  /// Numbers of pages.
  var sizes = [60_000, 1_000_000, 16_000_000, 64_000_000]
  var slack = 1.0
  var isShort = false
  private var only: [String] = []

  init(arguments: [String]) throws(Mistake) {
    var sizesGiven: [Int]?
    var rest = arguments[...]
    while let option = rest.popFirst() {
      switch option {
      case "--json": json = true
      case "--short":
        (rounds, items, sizes) = (3, 1_048_576, [60_000, 1_000_000])
        isShort = true
      case "--help", "-h": wantsHelp = true
      case "--sizes": sizesGiven = try Self.sizes(try Self.value(of: option, &rest))
      case "--only": only = try Self.names(try Self.value(of: option, &rest))
      case "--slack":
        let text = try Self.value(of: option, &rest)
        guard let factor = Double(text), factor >= 1, factor.isFinite else {
          throw Mistake(message: "--slack wants a factor of at least 1, got '\(text)'")
        }
        slack = factor
      default: throw Mistake(message: "unknown argument '\(option)'")
      }
    }
    if let sizesGiven { sizes = sizesGiven }
  }

  /// Every list to be measured. In order, neighbours share cache lines and the host's pages: beyond
  /// all caches any size costs the same.
  var lists: [(order: ListOrder, size: Int)] {
    ListOrder.allCases.flatMap { order in
      sizes.filter { order == .aged || $0 <= Self.largestInOrder }.map { (order, $0) }
    }
  }

  static let largestInOrder = 16_000_000

  func chooses(_ name: String) -> Bool { only.isEmpty || only.contains(name) }

  private static func value(
    of option: String, _ rest: inout ArraySlice<String>
  ) throws(Mistake) -> String {
    guard let value = rest.popFirst() else { throw Mistake(message: "\(option) wants a value") }
    return value
  }

  private static func names(_ list: String) throws(Mistake) -> [String] {
    let names = list.split(separator: ",").map(String.init)
    for name in names where !benchmarks.contains(where: { $0.name == name }) {
      throw Mistake(message: "no benchmark is named '\(name)'")
    }
    return names
  }

  private static func sizes(_ list: String) throws(Mistake) -> [Int] {
    var sizes: [Int] = []
    for text in list.split(separator: ",", omittingEmptySubsequences: false) {
      var digits = text
      var unit = 1
      if text.hasSuffix("k") { (digits, unit) = (text.dropLast(), 1_000) }
      if text.hasSuffix("M") { (digits, unit) = (text.dropLast(), 1_000_000) }
      // Rows are named by 32-bit numbers; fewer than two batches of 32 measure nothing.
      guard let count = Int(digits), count > 0, count <= Int(UInt32.max),
        64...1_000_000_000 ~= count * unit
      else {
        throw Mistake(message: "--sizes wants numbers from 64 to 1000M, got '\(text)'")
      }
      sizes.append(count * unit)
    }
    return sizes
  }
}
