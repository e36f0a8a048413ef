// SPDX-License-Identifier: Apache-2.0
// The keys of a JSON object in the order in which they were written.
//
// Foundation decodes an object into a dictionary and forgets the order; in a recording it carries
// meaning: tasks take turns in the order of their definition, sysctls are written one after the
// other. So the text, which the decoder has found valid already, is scanned once more for the keys
// of one object, strings and brackets being all that must be understood.

import Foundation

struct JSONKeyOrder {
  private let text: [UInt8]
  private var at = 0

  private init(_ text: [UInt8]) { self.text = text }

  /// The keys of the object found by following `path` from the outermost object; nil where there is
  /// none.
  static func keys(at path: [String], in text: [UInt8]) -> [String]? {
    var scanner = JSONKeyOrder(text)
    for step in path {
      guard scanner.enter(key: step) else { return nil }
    }
    return scanner.keys()
  }

  private mutating func byte() -> UInt8? {
    while at < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[at]) { at += 1 }
    return at < text.count ? text[at] : nil
  }

  private mutating func take(_ character: Character) -> Bool {
    guard byte() == character.asciiValue else { return false }
    at += 1
    return true
  }

  /// Reads a string with its quotes.
  private mutating func string() -> String? {
    guard byte() == 0x22 else { return nil }
    let start = at
    at += 1
    var escapes = false
    while at < text.count, text[at] != 0x22 {
      if text[at] == 0x5C {
        escapes = true
        at += 1
      }
      at += 1
    }
    guard at < text.count else { return nil }
    at += 1
    if escapes {
      return try? JSONDecoder().decode(String.self, from: Data(text[start..<at]))
    }
    return String(decoding: text[(start + 1)..<(at - 1)], as: UTF8.self)
  }

  /// Moves behind one value of any kind.
  private mutating func skipValue() {
    var depth = 0
    while let next = byte() {
      switch next {
      case 0x22: _ = string()
      case 0x7B, 0x5B:  // { [
        depth += 1
        at += 1
      case 0x7D, 0x5D:  // } ]
        if depth == 0 { return }
        depth -= 1
        at += 1
      case 0x2C where depth == 0: return
      default: at += 1
      }
      if depth == 0, let after = byte(), after == 0x2C || after == 0x7D || after == 0x5D { return }
    }
  }

  /// Moves to the value of `key` of the object that starts here.
  private mutating func enter(key: String) -> Bool {
    guard take("{") else { return false }
    while let found = string(), take(":") {
      if found == key { return true }
      skipValue()
      guard take(",") else { return false }
    }
    return false
  }

  private mutating func keys() -> [String]? {
    guard take("{") else { return nil }
    var keys: [String] = []
    while let key = string(), take(":") {
      keys.append(key)
      skipValue()
      guard take(",") else { break }
    }
    return keys
  }
}
