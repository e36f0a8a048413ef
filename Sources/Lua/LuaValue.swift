// SPDX-License-Identifier: Apache-2.0
// Plain values on both sides of the border, and the stack on which they cross it.
//
// Nothing here can raise: strings are read only where a string lies (no conversion), tables only
// raw, and every push finds room and memory (CLuaShims tells why).

import CLua
import CLuaShims

let registryIndex = CInt(shim_registry)
let tracebackKey = "reclaimlua.traceback"

package enum LuaValue {
  case `nil`
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  /// A table read where it lies; valid until the call that read it returns.
  case table(LuaTable)
  /// Where on the stack it lies.
  case function(LuaSlot)
  case object(LuaObject)
  /// A coroutine or a value of some library.
  case other(String)
  /// For pushing: 1, 2, 3 …
  case list([LuaValue])
  /// For pushing: named fields; reading an unknown one is an error that names `called`.
  case record(called: String, [(name: String, value: LuaValue)])
  /// For pushing: fields under whatever names.
  case dictionary([(name: String, value: LuaValue)])

  /// As an error message names what it got.
  package var described: String {
    switch self {
    case .nil: "nothing"
    case .boolean(let b): "\(b)"
    case .integer(let n): "\(n)"
    case .number(let x): "\(x)"
    case .string(let text): "\"\(text)\""
    case .table, .list, .record, .dictionary: "a table"
    case .function: "a function"
    case .object(let object): object.kind.withArticle
    case .other(let kind): "a \(kind)"
    }
  }

  package var isNil: Bool { if case .nil = self { true } else { false } }
}

/// A place on a Lua stack.
package struct LuaSlot {
  let stack: LuaStack
  let index: CInt
}

/// The stack of one Lua thread.
package struct LuaStack {
  let raw: OpaquePointer

  var top: CInt { lua_gettop(raw) }

  /// The value at an index; tables and functions stay where they are.
  subscript(index: CInt) -> LuaValue {
    switch lua_type(raw, index) {
    case LUA_TNIL, LUA_TNONE: return .nil
    case LUA_TBOOLEAN: return .boolean(lua_toboolean(raw, index) != 0)
    case LUA_TNUMBER:
      return lua_isinteger(raw, index) != 0
        ? .integer(lua_tointegerx(raw, index, nil)) : .number(lua_tonumberx(raw, index, nil))
    case LUA_TSTRING: return .string(string(at: index))
    case LUA_TTABLE:
      return .table(LuaTable(stack: self, index: lua_absindex(raw, index)))
    case LUA_TFUNCTION: return .function(LuaSlot(stack: self, index: lua_absindex(raw, index)))
    case LUA_TUSERDATA:
      return object(at: index).map { .object($0) } ?? .other("userdata")
    case LUA_TTHREAD: return .other("coroutine")
    default: return .other("light userdata")
    }
  }

  private func string(at index: CInt) -> String {
    var length = 0
    guard let bytes = lua_tolstring(raw, index, &length) else { return "" }
    return bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
      String(decoding: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
    }
  }

  func reserve(_ slots: CInt) {
    precondition(lua_checkstack(raw, slots) != 0, "Lua's stack is full")
  }

  /// Removes the value below the one on top.
  func removeBelowTop() {
    lua_rotate(raw, -2, 1)
    pop()
  }

  func pop(_ count: CInt = 1) { lua_settop(raw, -count - 1) }

  func push(_ value: LuaValue) {
    reserve(4)
    switch value {
    case .nil: lua_pushnil(raw)
    case .boolean(let b): lua_pushboolean(raw, b ? 1 : 0)
    case .integer(let n): lua_pushinteger(raw, n)
    case .number(let x): lua_pushnumber(raw, x)
    case .string(let text): push(text)
    case .table(let table): lua_pushvalue(raw, table.index)
    case .function(let slot): lua_pushvalue(raw, slot.index)
    case .object(let object): push(object)
    case .other(let kind): preconditionFailure("a \(kind) cannot be handed to Lua")
    case .list(let items):
      lua_createtable(raw, CInt(items.count), 0)
      for (i, item) in items.enumerated() {
        push(item)
        lua_rawseti(raw, -2, Int64(i + 1))
      }
    case .dictionary(let fields): push(fields)
    case .record(let called, let fields):
      push(fields)
      lua_getfield(raw, registryIndex, LuaRecord.metatables)
      if lua_getfield(raw, -1, called) != LUA_TTABLE {
        pop()
        LuaRecord.makeMetatable(called, on: self)
      }
      lua_setmetatable(raw, -3)
      pop()
    }
  }

  private func push(_ fields: [(name: String, value: LuaValue)]) {
    lua_createtable(raw, 0, CInt(fields.count))
    for field in fields {
      push(field.name)
      push(field.value)
      lua_rawset(raw, -3)
    }
  }

  func push(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { _ = lua_pushlstring(raw, $0.baseAddress, $0.count) }
    }
  }
}
