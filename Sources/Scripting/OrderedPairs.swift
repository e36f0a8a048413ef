// SPDX-License-Identifier: Apache-2.0
// The order in which a scenario walks a table: one that does not depend on addresses.
//
// Lua's own order differs from run to run, since its hash is seeded by addresses and the time. Here
// numbers come first, ascending; then strings by their bytes; then false and true; then our objects
// in the order in which they were made. Tables, functions and coroutines as keys have no order that
// every run shares, so a table that has such keys cannot be walked.

import Lua

enum OrderedPairs {
  /// `keys(t)`: the keys in order, as a list; what pairs walks.
  static func keys(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    guard case .table(let table) = call[1] else { return .nothing }
    guard let keys = try sortable(table, &call) else { return .nothing }
    return .values([.list(keys.sorted(by: precedes))])
  }

  /// `successor(t, k)`: the first key after `k`, the very first after nil.
  static func successor(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    guard case .table(let table) = call[1] else { return .nothing }
    let after = call[2]
    var best: LuaValue?
    guard let keys = try sortable(table, &call) else { return .nothing }
    for key in keys where after.isNil || precedes(after, key) {
      if best.map({ precedes(key, $0) }) ?? true { best = key }
    }
    return .values([best ?? .nil])
  }

  /// Instructions that a key costs: to be read, compared about twenty times, and handed over.
  private static let price = 16

  /// The table's keys, none of which lacks an order; nil when the budget does not reach for them.
  private static func sortable(
    _ table: LuaTable, _ call: inout LuaCall
  ) throws(LuaError) -> [LuaValue]? {
    guard let keys = table.keys(atMost: call.stepsLeft / price) else {
      _ = call.pay(call.stepsLeft)
      return nil
    }
    _ = call.pay(keys.count * price)
    for key in keys where rank(key) == nil {
      throw LuaError(
        "this table cannot be walked: \(key.described) is one of its keys, and such keys have no "
          + "order that is the same in every run")
    }
    return keys
  }

  private static func rank(_ key: LuaValue) -> Int? {
    switch key {
    case .integer, .number: 0
    case .string: 1
    case .boolean: 2
    case .object: 3
    default: nil
    }
  }

  static func precedes(_ a: LuaValue, _ b: LuaValue) -> Bool {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): x < y
    case (.number(let x), .number(let y)): x < y
    case (.integer(let x), .number(let y)): precedes(x, y)
    case (.number(let x), .integer(let y)): x.isFinite ? !precedes(y, x) : x < 0
    case (.string(let x), .string(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
    case (.boolean(let x), .boolean(let y)): !x && y
    case (.object(let x), .object(let y)): x.number < y.number
    default: (rank(a) ?? 4) < (rank(b) ?? 4)
    }
  }

  /// A fraction among the integers; keys that are whole numbers are integers already.
  private static func precedes(_ x: Int64, _ y: Double) -> Bool {
    if y >= 9_223_372_036_854_775_808 { return true }
    if y < -9_223_372_036_854_775_808 { return false }
    let truncated = Int64(y)
    return x <= (Double(truncated) > y ? truncated - 1 : truncated)
  }
}
