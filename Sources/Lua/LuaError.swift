// SPDX-License-Identifier: Apache-2.0
// What went wrong in a script, with the place where it did.

import CLua
import CLuaShims

package struct LuaError: Error, Equatable {
  /// What Lua says, place included: "file.lua:12: message".
  package var text: String
  /// Where, innermost call first; nil where Lua had no memory left to tell.
  package var traceback: String?
  /// False until the place is put in front.
  let isPlaced: Bool

  /// An error of a Swift function: the place is put in front when it is raised.
  package init(_ message: String) {
    text = message
    isPlaced = false
  }

  /// An error whose place is known already.
  package init(placed text: String) { self.init(text: text, traceback: nil) }

  init(text: String, traceback: String?) {
    self.text = text
    isPlaced = true
    self.traceback = traceback
  }

  /// The chunk's name and the line, when the text begins with them.
  package var place: (chunk: String, line: Int)? {
    guard let split = Self.split(text) else { return nil }
    return (split.chunk, split.line)
  }

  /// The text without the place.
  package var message: String { Self.split(text)?.message ?? text }

  /// True for a syntax error at the end of the text: more lines could complete it.
  package var isIncompleteInput: Bool { text.hasSuffix("near <eof>") }

  private static func split(_ text: String) -> (chunk: String, line: Int, message: String)? {
    var from = text.startIndex
    while let colon = text[from...].firstIndex(of: ":") {
      let digits = text[text.index(after: colon)...].prefix { $0.isASCII && $0.isNumber }
      let rest = text[digits.endIndex...]
      if let line = Int(digits), rest.hasPrefix(": ") {
        return (String(text[..<colon]), line, String(rest.dropFirst(2)))
      }
      from = text.index(after: colon)
    }
    return nil
  }
}

private let outOfMemory = "not enough memory"

extension LuaStack {
  /// Takes the error that `status` left on top, and its traceback from the registry.
  consuming func takeError(_ status: CInt, endedBy budget: CInt, limit: Int) -> LuaError {
    let text: String
    switch self[-1] {
    case .string(let message)
    where status == LUA_ERRMEM || budget == CInt(SHIM_MEMORY) && message.hasSuffix(outOfMemory):
      let place = message.hasSuffix(outOfMemory) ? message.dropLast(outOfMemory.count) : ""
      text = place + "the script's memory budget of \(limit >> 20) MiB is spent"
    case .string(let message): text = message
    case let value: text = Self.tell(value)
    }
    lua_settop(raw, -2)
    let found = lua_getfield(raw, registryIndex, tracebackKey)
    let traceback: String? =
      if found == LUA_TSTRING, case .string(let t) = self[-1] { t } else { nil }
    lua_settop(raw, -2)
    lua_pushnil(raw)
    lua_setfield(raw, registryIndex, tracebackKey)
    return LuaError(text: text, traceback: traceback)
  }

  /// An error object that is no string, in words.
  private static func tell(_ value: LuaValue) -> String {
    switch value {
    case .table(let table):
      for key in ["message", "msg", "error"] {
        if case .string(let text) = table[key] {
          return "\(text) (field '\(key)' of the error object)"
        }
      }
      if case .string(let text) = table[1] { return "\(text) (first item of the error object)" }
      return "the error object is a table without a message"
    case .nil: return "the error object is nil"
    case .integer(let n): return "\(n)"
    case .number(let n): return "\(n)"
    default: return "the error object is \(value.described)"
    }
  }
}
