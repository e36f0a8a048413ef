// SPDX-License-Identifier: Apache-2.0
// The words of one op: positional ones first, then key=value pairs; numbers with the recordings'
// own units.
//
// A SIZE is in pages when it is a plain number and in bytes with K, M or G behind it. Values of
// cgroup files are the exception: a plain number there is bytes, because the text goes into the
// kernel's file as it is.

import UAPI

/// What is wrong with an op.
struct OpProblem: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

struct OpWords {
  let name: String
  private var positional: ArraySlice<String>
  private(set) var pairs: [(key: String, value: String)]
  /// Keys whose value was taken.
  private var taken: [String] = []

  /// No file or range of a recorded workload comes near it, and sums of two never overflow.
  private static let pagesMax: UInt64 = 1 << 32

  init(_ text: String) throws(OpProblem) {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    guard let first = words.first else { throw OpProblem("the op is empty") }
    name = first
    let rest = words.dropFirst()
    positional = rest.filter { !$0.contains("=") }[...]
    pairs = []
    for word in rest where word.contains("=") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs.append((String(parts[0]), String(parts[1])))
    }
  }

  // MARK: Taking words; whatever is left at the end is refused.

  mutating func next(_ what: String) throws(OpProblem) -> String {
    guard let word = positional.popFirst() else { throw OpProblem("\(what) is missing") }
    return word
  }

  mutating func rest() -> [String] {
    defer { positional = [] }
    return Array(positional)
  }

  mutating func value(_ key: String) -> String? {
    guard let at = pairs.firstIndex(where: { $0.key == key }) else { return nil }
    taken.append(key)
    return pairs.remove(at: at).value
  }

  mutating func pages(_ key: String) throws(OpProblem) -> Int? {
    guard let text = value(key) else { return nil }
    return try Self.pages(text, key)
  }

  mutating func number(_ key: String, atMost max: Int = 1 << 20) throws(OpProblem) -> Int? {
    guard let text = value(key) else { return nil }
    return try Self.number(text, key, atMost: max)
  }

  /// All pairs in their order, one key as often as it is written: files are written one by one.
  mutating func takePairs() -> [(key: String, value: String)] {
    defer { pairs = [] }
    return pairs
  }

  func end() throws(OpProblem) {
    if let word = positional.first { throw OpProblem("\"\(word)\" is one word too many") }
    guard let pair = pairs.first else { return }
    if taken.contains(pair.key) { throw OpProblem("\(pair.key) is given twice") }
    throw OpProblem("\(name) has no \(pair.key)=")
  }

  // MARK: Numbers

  static func number(_ text: String, _ what: String, atMost max: Int) throws(OpProblem) -> Int {
    guard let number = digits(text) else {
      throw OpProblem("\(what) is \"\(text)\", expected a whole number")
    }
    guard number <= UInt64(max) else {
      throw OpProblem("\(what) is \(text), expected at most \(max)")
    }
    return Int(number)
  }

  /// A SIZE that must be whole pages.
  static func pages(_ text: String, _ what: String) throws(OpProblem) -> Int {
    let bytes = try bytes(text, what, plainUnit: 4096)
    guard bytes.count % 4096 == 0 else {
      throw OpProblem("\(what) is \(text), expected whole pages of 4096 bytes")
    }
    return bytes.pages.count
  }

  /// A SIZE; a plain number counts in `plainUnit` bytes.
  static func bytes(_ text: String, _ what: String, plainUnit: UInt64) throws(OpProblem) -> Bytes {
    let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[$0] }
    guard let number = digits(unit == nil ? text[...] : text.dropLast()) else {
      throw OpProblem("\(what) is \"\(text)\", expected pages such as 96 or a size such as 96M")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? plainUnit)
    guard !overflow, bytes <= pagesMax * 4096 else {
      throw OpProblem("\(what) is \(text), expected at most 16384G")
    }
    return Bytes(bytes)
  }

  private static func digits(_ text: some StringProtocol) -> UInt64? {
    text.isEmpty || !text.allSatisfy { $0.isASCII && $0.isNumber } ? nil : UInt64(text)
  }

  /// A seed: any 64-bit number.
  mutating func seed() throws(OpProblem) -> UInt64? {
    guard let text = value("seed") else { return nil }
    guard let seed = Self.digits(text) else {
      throw OpProblem("seed is \"\(text)\", expected a whole number")
    }
    return seed
  }
}
