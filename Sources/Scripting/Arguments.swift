// SPDX-License-Identifier: Apache-2.0
// Lua values become UAPI values here, and nowhere else. What does not fit is told to the one who
// can mend it: which argument or field, what was expected, what it got; Lua adds file and line.

import Lua
import Timeline
import UAPI

/// The arguments of one call, named for messages.
struct Arguments {
  let call: LuaCall
  /// As the scenario calls it: "m:run".
  let name: String
  /// Arguments before the first that counts: the receiver of a method.
  let skipped: Int

  /// Arguments of a function.
  init(_ call: LuaCall, of name: String, atMost most: Int) throws(LuaError) {
    try self.init(call, of: name, after: 0, atMost: most)
  }

  fileprivate init(
    _ call: LuaCall, of name: String, after skipped: Int, atMost most: Int
  ) throws(LuaError) {
    self.call = call
    self.name = name
    self.skipped = skipped
    let given = call.count - skipped
    if given > most {
      let arguments = most == 1 ? "argument" : "arguments"
      throw LuaError("\(name): expected at most \(most) \(arguments), got \(given)")
    }
  }

  subscript(n: Int) -> LuaValue { call[n + skipped] }

  func bad(_ n: Int, expected: String, got: String? = nil) -> LuaError {
    LuaError(
      "bad argument #\(n) to '\(name)': expected \(expected), got \(got ?? self[n].described)")
  }

  func take<Value>(_ n: Int, _ reading: Reading<Value>) throws(LuaError) -> Value {
    switch reading {
    case .value(let value): return value
    case .wrong(let expected, let got): throw bad(n, expected: expected, got: got)
    }
  }

  func duration(_ n: Int) throws(LuaError) -> Nanoseconds { try take(n, self[n].duration) }

  /// The moment that much later than now.
  func moment(_ n: Int, after now: Instant) throws(LuaError) -> Instant {
    let duration = try duration(n)
    guard duration.count < UInt64(Int64.max) - now.nanoseconds else {
      throw bad(n, expected: "a time within the 292 years that simulated time has")
    }
    return now + duration
  }

  func size(_ n: Int) throws(LuaError) -> Bytes { try take(n, self[n].size) }

  /// A string that is not empty.
  func string(_ n: Int, _ what: String) throws(LuaError) -> String {
    if case .string(let text) = self[n], !text.isEmpty { return text }
    throw bad(n, expected: what)
  }

  func function(_ n: Int, _ what: String) throws(LuaError) -> LuaSlot {
    if case .function(let function) = self[n] { return function }
    throw bad(n, expected: what)
  }

  func object<Object: AnyObject>(_ n: Int, _ what: String) throws(LuaError) -> Object {
    if case .object(let object) = self[n], let value = object.value as? Object { return value }
    throw bad(n, expected: what)
  }

  /// One of a list of words.
  func word<Word: CaseIterable & RawRepresentable<String>>(_ n: Int) throws(LuaError) -> Word {
    if case .string(let text) = self[n], let word = Word(rawValue: text) { return word }
    throw bad(n, expected: Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
  }

  /// The fields of a table argument; none when it is left out and may be.
  /// - Parameters:
  ///   - object: the name of what the call is about, for messages.
  ///   - owner: what messages say instead of the call's name.
  func fields(
    _ n: Int, on object: String? = nil, of owner: String? = nil, optional: Bool = false
  ) throws(LuaError) -> Fields {
    if case .table(let table) = self[n] { return Fields(table, of: owner ?? name, on: object) }
    if optional, self[n].isNil { return Fields(nil, of: owner ?? name, on: object) }
    throw bad(n, expected: "a table of fields")
  }
}

extension LuaCall {
  /// What a method was called on, and its arguments.
  /// - Parameter name: as the scenario calls it: "m:run".
  func receive<Receiver: AnyObject>(
    _ name: String, on receiver: Receiver.Type, atMost most: Int
  ) throws(LuaError) -> (Receiver, Arguments) {
    guard case .object(let object) = self[1], let value = object.value as? Receiver else {
      throw LuaError(
        "\(name): call it with a colon, as \(name)(…); it was called on \(self[1].described)")
    }
    return (value, try Arguments(self, of: name, after: 1, atMost: most))
  }
}

/// A table of named fields.
struct Fields {
  private let table: LuaTable?
  /// The names of all fields where they are few: most of those that are asked for are not there.
  private let present: [String]?
  private let ownerWords: String
  private let ownerObject: String?

  private static let few = 8

  init(_ table: LuaTable?, of owner: String, on object: String? = nil) {
    self.table = table
    ownerWords = owner
    ownerObject = object
    guard let keys = table?.keys(atMost: Self.few) else {
      present = table == nil ? [] : nil
      return
    }
    var names: [String] = []
    for case .string(let name) in keys { names.append(name) }
    present = names.count == keys.count ? names : nil
  }

  /// What the fields belong to, such as "cgroup 'db'" or "a:touch of 'heap'".
  var owner: String { ownerObject.map { "\(ownerWords) of '\($0)'" } ?? ownerWords }

  /// Refuses every field that is not known; `elsewhere` says of some where they will be found.
  func expect(only known: [String], elsewhere: [String: String] = [:]) throws(LuaError) {
    if let present, present.allSatisfy(known.contains) { return }
    guard let table else { return }
    for key in table.keys.sorted(by: OrderedPairs.precedes) {
      guard case .string(let name) = key else {
        throw LuaError("\(owner): expected fields with names, got the key \(key.described)")
      }
      if known.contains(name) { continue }
      if let why = elsewhere[name] { throw LuaError("\(owner): field '\(name)' \(why)") }
      if let near = NearestName.of(name, among: known) {
        throw LuaError("\(owner): unknown field '\(name)'; did you mean '\(near)'?")
      }
      throw LuaError(
        "\(owner): unknown field '\(name)'; expected \(known.joined(separator: ", "))")
    }
  }

  /// The same fields under another name for messages.
  func named(_ owner: String) -> Fields { Fields(table, of: owner) }

  subscript(name: String) -> LuaValue {
    if let present, !present.contains(name) { return .nil }
    return table?[name] ?? .nil
  }

  /// The keys that are strings, sorted.
  var names: [String] {
    (table?.keys ?? []).compactMap { if case .string(let name) = $0 { name } else { nil } }.sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
  }

  func bad(_ name: String, expected: String, got: String? = nil) -> LuaError {
    LuaError(
      "bad field '\(name)' in \(owner): expected \(expected), got \(got ?? self[name].described)")
  }

  func size(_ name: String) throws(LuaError) -> Bytes? { try take(name) { $0.size } }
  func duration(_ name: String) throws(LuaError) -> Nanoseconds? { try take(name) { $0.duration } }
  func limit(_ name: String) throws(LuaError) -> Pages?? { try take(name) { $0.limit } }
  func pages(_ name: String) throws(LuaError) -> Int? { try take(name) { $0.pages } }

  /// The field's value; nil when it is absent.
  private func take<Value>(_ name: String, _ reading: (LuaValue) -> Reading<Value>) throws(LuaError)
    -> Value?
  {
    let value = self[name]
    if value.isNil { return nil }
    switch reading(value) {
    case .value(let value): return value
    case .wrong(let expected, let got): throw bad(name, expected: expected, got: got)
    }
  }

  func string(_ name: String, _ what: String) throws(LuaError) -> String? {
    switch self[name] {
    case .nil: return nil
    case .string(let text) where !text.isEmpty: return text
    default: throw bad(name, expected: what)
    }
  }

  func whole(_ name: String, _ what: String) throws(LuaError) -> Int64? {
    if self[name].isNil { return nil }
    if let n = self[name].wholeNumber { return n }
    throw bad(name, expected: what)
  }

  /// true, false, or 1 and 0 as the recordings write them.
  func flag(_ name: String) throws(LuaError) -> Bool? {
    switch self[name] {
    case .nil: return nil
    case .boolean(let b): return b
    case .integer(0): return false
    case .integer(1): return true
    default: throw bad(name, expected: "true or false")
    }
  }

  func object<Object: AnyObject>(_ name: String, _ what: String) throws(LuaError) -> Object? {
    switch self[name] {
    case .nil: return nil
    case .object(let object):
      if let value = object.value as? Object { return value }
      fallthrough
    default: throw bad(name, expected: what)
    }
  }

  /// A cgroup of that machine.
  func cgroup(_ name: String, of machine: MachineObject) throws(LuaError) -> CgroupObject? {
    let cgroup: CgroupObject? = try object(name, "a cgroup")
    if let cgroup, cgroup.machine !== machine {
      throw bad(name, expected: "a cgroup of this machine", got: "another machine's")
    }
    if let cgroup, cgroup.isGone {
      throw bad(name, expected: "a cgroup", got: "'\(cgroup.path)', which was removed")
    }
    return cgroup
  }

  /// A field that is a table of fields itself.
  func fields(_ name: String) throws(LuaError) -> Fields? {
    switch self[name] {
    case .nil: return nil
    case .table(let table): return Fields(table, of: ownerWords, on: ownerObject)
    default: throw bad(name, expected: "a table of fields")
    }
  }
}
