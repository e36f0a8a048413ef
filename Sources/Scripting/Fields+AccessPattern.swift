// SPDX-License-Identifier: Apache-2.0
// An access pattern out of a table, under the names of the recordings: pattern, from, n, stride,
// count, repeat, seed, scramble, pct, hot. A field that its pattern would ignore is refused.

import Lua
import UAPI

extension Fields {
  private static let patterns = ["seq", "rev", "next", "rand", "zipf", "hot"]
  private static let names = [
    "pattern", "from", "n", "stride", "count", "repeat", "seed", "scramble", "pct", "hot",
  ]
  /// Fields that only some patterns know.
  private static let particular: [(field: String, patterns: [String])] = [
    ("from", ["seq", "rev", "rand", "zipf", "hot"]),
    ("stride", ["seq", "rev"]),
    ("count", ["rand", "zipf", "hot"]),
    ("seed", ["rand", "zipf", "hot"]),
    ("scramble", ["zipf"]),
    ("pct", ["hot"]),
    ("hot", ["hot"]),
  ]

  /// The pattern over something of that many pages; without fields: all of it in order.
  func accessPattern(over size: Pages) throws(LuaError) -> AccessPattern {
    try expect(only: Self.names)
    let name = try string("pattern", Self.expected) ?? "seq"
    guard Self.patterns.contains(name) else { throw bad("pattern", expected: Self.expected) }
    for (field, patterns) in Self.particular where !self[field].isNil && !patterns.contains(name) {
      throw LuaError(
        "\(owner): field '\(field)' belongs to \(patterns.joined(separator: ", ")), "
          + "not to pattern '\(name)'")
    }
    var pattern = AccessPattern(try shape(name), seed: nil)
    pattern.from = try pages("from") ?? 0
    pattern.length = try pages("n")
    pattern.count = try pages("count")
    pattern.stride = try count("stride", from: 1) ?? 1
    pattern.repetitions = try count("repeat", from: 0) ?? 1
    pattern.seed = try whole("seed", "a whole number").map { UInt64(bitPattern: $0) }
    if let problem = pattern.problem(over: size.count) { throw LuaError("\(owner): \(problem)") }
    return pattern
  }

  private static let expected = patterns.map { "\"\($0)\"" }.joined(separator: ", ")

  private func shape(_ name: String) throws(LuaError) -> AccessPattern.Shape {
    switch name {
    case "rev": return .reverse
    case "next": return .next
    case "rand": return .random
    case "zipf": return .zipf(scramble: try flag("scramble") ?? false)
    case "hot":
      guard let hot = try pages("hot") else {
        throw bad("hot", expected: #"pages, or a size such as "8 MiB""#)
      }
      guard let percent = try whole("pct", "a percentage, 0 to 100"), 0...100 ~= percent else {
        throw bad("pct", expected: "a percentage, 0 to 100")
      }
      return .hot(pages: hot, percent: Int(percent))
    default: return .sequential
    }
  }

  private func count(_ name: String, from least: Int64) throws(LuaError) -> Int? {
    guard let n = try whole(name, "a whole number") else { return nil }
    guard n >= least, n <= 1 << 40 else { throw bad(name, expected: "\(least) or more") }
    return Int(n)
  }
}
