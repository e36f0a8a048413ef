// SPDX-License-Identifier: Apache-2.0
// Tables, read raw: no metamethod of the script runs while Swift looks at what it was given.

import CLua

package struct LuaTable {
  let stack: LuaStack
  let index: CInt

  /// The field's value, nil when there is none.
  package subscript(name: String) -> LuaValue {
    stack.reserve(2)
    stack.push(name)
    lua_rawget(stack.raw, index)
    return keep()
  }

  /// The item at a position, counted from 1.
  package subscript(position: Int) -> LuaValue {
    stack.reserve(2)
    lua_rawgeti(stack.raw, index, Int64(position))
    return keep()
  }

  /// How many items from 1 on, as Lua's raw length counts.
  package var count: Int { Int(lua_rawlen(stack.raw, index)) }

  /// Its keys in Lua's own order, which differs from run to run: sort them before anything depends
  /// on it.
  package var keys: [LuaValue] { keys(atMost: .max) ?? [] }

  /// The same; nil when there are more than that many.
  package func keys(atMost most: Int) -> [LuaValue]? {
    stack.reserve(3)
    var keys: [LuaValue] = []
    lua_pushnil(stack.raw)
    while lua_next(stack.raw, index) != 0 {
      stack.pop()
      guard keys.count < most else {
        stack.pop()
        return nil
      }
      switch stack[-1] {
      case .table: keys.append(.other("table"))
      case .function: keys.append(.other("function"))
      case let key: keys.append(key)
      }
    }
    return keys
  }

  /// Takes plain values off the stack; what lies there stays until the call ends.
  private func keep() -> LuaValue {
    let value = stack[-1]
    switch value {
    case .table, .function: break
    default: stack.pop()
    }
    return value
  }
}

/// The nearest of several names to a mistyped one.
package enum NearestName {
  /// The name with the fewest edits, if few enough that it was probably meant.
  package static func of(_ typed: String, among names: [String]) -> String? {
    let scored = names.map { (name: $0, edits: edits(Array(typed.utf8), Array($0.utf8))) }
    guard let best = scored.min(by: { $0.edits < $1.edits }) else { return nil }
    return best.edits <= max(1, min(3, typed.utf8.count / 3)) ? best.name : nil
  }

  /// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
  private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before: [Int] = [], last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
