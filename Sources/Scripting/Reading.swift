// SPDX-License-Identifier: Apache-2.0
// Sizes and times as a scenario writes them: a string with its unit, or a whole number in the base
// unit.
//
// A string of digits alone is refused: whoever writes quotes means a quantity, and one without a
// unit is a unit forgotten.

import Lua
import Timeline
import UAPI

/// A value that was read, or what was expected and got instead.
enum Reading<Value> {
  case value(Value)
  case wrong(expected: String, got: String)
}

extension LuaValue {
  /// An integer, or a float without a fraction that fits one.
  var wholeNumber: Int64? {
    switch self {
    case .integer(let n): n
    case .number(let x) where x >= -0x1p63 && x < 0x1p63 && Double(Int64(x)) == x: Int64(x)
    default: nil
    }
  }

  /// Bytes.
  var size: Reading<Bytes> {
    read(#"a size such as "768 MiB""#) {
      Bytes(text: $0)
    } number: {
      Bytes($0)
    }
  }

  /// A size, or nil pages for "max".
  var limit: Reading<Pages?> {
    if case .string("max") = self { return .value(nil) }
    switch read(
      #"a size such as "768 MiB", or "max""#, text: { Bytes(text: $0) }, number: { Bytes($0) })
    {
    case .value(let bytes): return .value(bytes.pages)
    case .wrong(let expected, let got): return .wrong(expected: expected, got: got)
    }
  }

  /// Pages: a plain number counts pages, a string with a unit bytes.
  var pages: Reading<Int> {
    read(#"pages, or a size such as "96 MiB""#) {
      Bytes(text: $0).map { Pages(covering: $0).count }
    } number: {
      Int($0)
    }
  }

  /// Nanoseconds.
  var duration: Reading<Nanoseconds> {
    read(#"a time such as "10 ms""#) {
      Nanoseconds(text: $0)
    } number: {
      Nanoseconds($0)
    }
  }

  private func read<Value>(
    _ expected: String, text: (String) -> Value?, number: (UInt64) -> Value
  ) -> Reading<Value> {
    switch self {
    case .string(let written):
      if !written.isEmpty, written.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
        return .wrong(expected: expected, got: "\(described), which has no unit")
      }
      if let value = text(written) { return .value(value) }
    case .integer, .number:
      if let n = wholeNumber, n >= 0, n <= Int64.max >> 1 { return .value(number(UInt64(n))) }
    default: break
    }
    return .wrong(expected: expected, got: described)
  }
}
