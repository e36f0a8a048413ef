// SPDX-License-Identifier: Apache-2.0
// An access pattern out of a table, under the names of the recordings: pattern, from, n, stride,
// count, repeat, seed, scramble, pct, hot. A field that its pattern would ignore is refused.

import Lua
import UAPI

extension FieldList {
  static let pattern = FieldList(
    "PatternFields",
    [
      (
        "pattern", "string",
        "`\"seq\"`, the default, `\"rev\"`, `\"next\"`, `\"rand\"`, `\"zipf\"` or `\"hot\"`"
      ),
      ("from", "PageCount", "first page; 0"),
      ("n", "PageCount", "pages of the range; all after `from`"),
      ("stride", "integer", "pages from one access to the next, of `\"seq\"` and `\"rev\"`; 1"),
      ("count", "PageCount", "draws, of the random ones; `n`"),
      ("repeat", "integer", "how often; 1. A word of Lua's, so written `[\"repeat\"] = 3`"),
      (
        "seed", "integer",
        "where the draws begin; without it they go on in the file's or area's own stream of the "
          + "scenario's seed"
      ),
      ("scramble", "boolean", "`\"zipf\"`: spreads neighbouring ranks over the range"),
      ("pct", "integer", "`\"hot\"`: per cent of the draws that fall on the hot pages"),
      ("hot", "PageCount", "`\"hot\"`: how many pages are hot, the first of the range"),
    ])
}

extension Fields {
  private static let patterns = ["seq", "rev", "next", "rand", "zipf", "hot"]
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
  /// - Parameter list: the fields of the operation, the pattern's among them.
  func accessPattern(
    over size: Pages, of list: FieldList = .pattern
  ) throws(LuaError) -> AccessPattern {
    try expect(list)
    let name = try string("pattern", Self.expected) ?? "seq"
    guard Self.patterns.contains(name) else { throw bad("pattern", expected: Self.expected) }
    for (field, patterns) in Self.particular where !self[field].isNil && !patterns.contains(name) {
      throw LuaError(
        "\(owner): field '\(field)' belongs to \(patterns.joined(separator: ", ")), "
          + "not to pattern '\(name)'")
    }
    var pattern = AccessPattern(try shape(name), seed: nil)
    pattern.from = try bounded("from") ?? 0
    pattern.length = try bounded("n")
    pattern.count = try bounded("count")
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
      guard let hot = try bounded("hot") else {
        throw bad("hot", expected: #"pages, or a size such as "8 MiB""#)
      }
      guard let percent = try whole("pct", "a percentage, 0 to 100"), 0...100 ~= percent else {
        throw bad("pct", expected: "a percentage, 0 to 100")
      }
      return .hot(pages: hot, percent: Int(percent))
    default: return .sequential
    }
  }

  /// Pages, few enough that no sum or product of them overflows.
  func bounded(_ name: String) throws(LuaError) -> Int? {
    guard let pages = try pages(name) else { return nil }
    guard pages <= 1 << 40 else { throw bad(name, expected: "at most \(1 << 40) pages") }
    return pages
  }

  private func count(_ name: String, from least: Int64) throws(LuaError) -> Int? {
    guard let n = try whole(name, "a whole number") else { return nil }
    guard n >= least else { throw bad(name, expected: "\(least) or more") }
    guard n <= 1 << 20 else { throw bad(name, expected: "at most \(1 << 20)") }
    return Int(n)
  }
}
