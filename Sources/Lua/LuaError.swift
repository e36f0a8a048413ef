// SPDX-License-Identifier: Apache-2.0
// What went wrong in a script, with the place where it did.

import CLua
import CLuaShims

package struct LuaError: Error, Equatable {
  /// What Lua says, place included: "file.lua:12: message".
  package var text: String
  /// Where, innermost call first; nil where nothing of the script was running any more, or Lua had
  /// no memory left to tell.
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
private let overflow = "stack overflow"

extension LuaState {
  /// Takes the error that `status` left on top of that stack, and its traceback.
  func takeError(_ status: CInt, from stack: LuaStack) -> LuaError {
    stack.reserve(4)
    let found = lua_getfield(stack.raw, registryIndex, tracebackKey)
    let traceback: String? =
      if found == LUA_TSTRING, case .string(let t) = stack[-1] { t } else { nil }
    stack.pop()
    let text = message(status, of: stack)
    stack.pop()
    lua_pushnil(stack.raw)
    lua_setfield(stack.raw, registryIndex, tracebackKey)
    return LuaError(text: text, traceback: traceback.flatMap(LuaTraceback.ofTheScript))
  }

  /// The error on top of the stack in words.
  private func message(_ status: CInt, of stack: LuaStack) -> String {
    let value = stack[-1]
    guard case .string(let text) = value else { return tell(value, on: stack) }
    // Lua's own words for a refused allocation, where no function of ours found better ones.
    let spent = context.pointee.ended_by
    let isMemory = status == LUA_ERRMEM || spent != CInt(SHIM_WITHIN) && text.hasSuffix(outOfMemory)
    if isMemory {
      shim_push_spent(stack.raw, spent == CInt(SHIM_WITHIN) ? CInt(SHIM_MEMORY) : spent)
      defer { stack.pop() }
      guard case .string(let words) = stack[-1] else { return text }
      let place = text.hasSuffix(outOfMemory) ? text.dropLast(outOfMemory.count) : ""
      return (place.isEmpty ? placeOfRefusal : String(place)) + words
    }
    if status == LUA_ERRERR { return "an error while another one was being handled: \(text)" }
    if text.hasSuffix(": " + overflow) || text.hasSuffix("C " + overflow) {
      return text + ": calls are nested too deeply; does a function call itself without end?"
    }
    return text
  }

  /// "file:line: " of the script's line for which there was no memory; empty when that is not
  /// known.
  private var placeOfRefusal: String {
    withUnsafeBytes(of: &context.pointee.place) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// An error object that is no string, in words: by its own __tostring, by the field that looks
  /// like a message, or by what kind of thing it is.
  private func tell(_ value: LuaValue, on stack: LuaStack) -> String {
    switch value {
    case .table(let table):
      if let own = ownWords(on: stack) { return own }
      for key in ["message", "msg", "error"] {
        if case .string(let text) = table[key] {
          return "\(text) (field '\(key)' of the error object)"
        }
      }
      if case .string(let text) = table[1] {
        return "\(text) (first item of the error object)"
      }
      return "the error object is a table without a message"
    case .nil: return "the error object is nil"
    case .integer(let n): return "\(n)"
    case .number(let n): return "\(n)"
    default: return "the error object is \(value.described)"
    }
  }

  /// What the __tostring of the table on top answers, run within a budget of its own.
  private func ownWords(on stack: LuaStack) -> String? {
    guard luaL_getmetafield(stack.raw, -1, "__tostring") != LUA_TNIL else { return nil }
    stack.pop()
    // The thread that failed can run nothing any more; the one that runs it can.
    let alive = LuaStack(raw: context.pointee.running ?? main)
    alive.reserve(4)
    lua_pushcclosure(alive.raw, shim_tostring, 0)
    lua_pushvalue(stack.raw, stack.raw == alive.raw ? -2 : -1)
    if stack.raw != alive.raw { lua_xmove(stack.raw, alive.raw, 1) }
    let ended = context.pointee.ended_by
    let status = shim_pcall(alive.raw, 1, 1)
    context.pointee.ended_by = ended
    defer { alive.pop() }
    if status == LUA_OK, case .string(let words) = alive[-1] { return words }
    return "the error object is a table whose __tostring fails"
  }
}
