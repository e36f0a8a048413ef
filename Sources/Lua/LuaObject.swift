// SPDX-License-Identifier: Apache-2.0
// Swift objects in Lua's hands: userdata with a reference, and methods from a list.
//
// A method or property that does not exist is an error which names the nearest that does: in a
// scenario `m:rnu()` should not read "attempt to call a nil value".

import CLua
import CLuaShims

/// A function under a name.
package struct LuaMember: Sendable {
  package let name: String
  package let body: LuaMethod

  package init(_ name: String, _ body: @escaping LuaMethod) {
    self.name = name
    self.body = body
  }
}

/// A kind of object: what scripts call it and what can be done with it.
package final class LuaKind: Sendable {
  package let name: String
  package let methods: [LuaMember]
  package let properties: [(name: String, value: @Sendable (AnyObject) -> LuaValue)]
  /// What operators do, by metamethod: "__sub".
  package let operators: [LuaMember]
  /// What a whole number as an index finds.
  package let element: (@Sendable (AnyObject, Int64) -> LuaValue?)?
  /// Names that are not there yet, and what they wait for.
  package let reserved: [(name: String, why: String)]

  package init(
    _ name: String, methods: [LuaMember],
    properties: [(name: String, value: @Sendable (AnyObject) -> LuaValue)] = [],
    operators: [LuaMember] = [],
    element: (@Sendable (AnyObject, Int64) -> LuaValue?)? = nil,
    reserved: [(name: String, why: String)] = []
  ) {
    self.name = name
    self.methods = methods
    self.properties = properties
    self.operators = operators
    self.element = element
    self.reserved = reserved
  }

  /// "a task", "an area".
  var withArticle: String { ("aeiou".contains(name.first ?? "x") ? "an " : "a ") + name }

  var names: [String] { methods.map(\.name) + properties.map(\.name) }
}

/// One Swift object as Lua sees it.
package final class LuaObject {
  package let kind: LuaKind
  package let value: AnyObject
  /// Order of creation; pairs walks keys that are objects in this order.
  package let number: Int64

  init(kind: LuaKind, value: AnyObject, number: Int64) {
    self.kind = kind
    self.value = value
    self.number = number
  }
}

extension LuaState {
  /// An object for Lua. Wrap once and keep: each wrapping is one value to Lua, however often it is
  /// handed over.
  package func wrap(_ value: AnyObject, as kind: LuaKind) -> LuaObject {
    define(kind)
    objectCount += 1
    return LuaObject(kind: kind, value: value, number: objectCount)
  }

  /// Makes the kind's metatable, once.
  private func define(_ kind: LuaKind) {
    let stack = LuaStack(raw: main)
    stack.reserve(5)
    if lua_getfield(main, registryIndex, Self.metatable(of: kind)) != LUA_TNIL {
      return stack.pop()
    }
    stack.pop()
    lua_createtable(main, 0, 5)
    lua_createtable(main, 0, CInt(kind.methods.count))
    for method in kind.methods {
      stack.push(method.name)
      pushFunction(method.body, on: stack)
      lua_rawset(main, -3)
    }
    pushIndexFunction(of: kind, on: stack)
    lua_setfield(main, -2, "__index")
    pushFunction(
      { call throws(LuaError) in
        throw LuaError("the fields of \(kind.withArticle) cannot be set")
      }, on: stack)
    lua_setfield(main, -2, "__newindex")
    for metamethod in kind.operators {
      pushFunction(metamethod.body, on: stack)
      lua_setfield(main, -2, metamethod.name)
    }
    stack.push(kind.name)
    lua_setfield(main, -2, "__name")
    // Collecting raises nothing, so Lua may call Swift for it without the trampoline.
    lua_pushcclosure(main, { raw in LuaStack(raw: raw!).releaseObject() }, 0)
    lua_setfield(main, -2, "__gc")
    lua_pushboolean(main, 0)
    lua_setfield(main, -2, "__metatable")
    lua_pushboolean(main, 1)
    lua_rawsetp(main, -2, context)
    lua_setfield(main, registryIndex, Self.metatable(of: kind))
  }

  /// Prepares the methods on top so that what is not among them is found or refused. A kind with
  /// properties gets a function that looks at the methods first: it is Lua's own, so that finding a
  /// method never crosses the border.
  private func pushIndexFunction(of kind: LuaKind, on stack: LuaStack) {
    if kind.properties.isEmpty, kind.element == nil {
      lua_createtable(main, 0, 1)
      pushFunction({ call throws(LuaError) in try Self.missing(kind, &call) }, on: stack)
      lua_setfield(main, -2, "__index")
      lua_setmetatable(main, -2)
      return
    }
    lua_getfield(main, registryIndex, Self.indexMaker)
    lua_rotate(main, -2, 1)
    pushFunction(
      { call throws(LuaError) in
        if case .string(let name) = call[2], case .object(let object) = call[1],
          let property = kind.properties.first(where: { $0.name == name })
        {
          return .values([property.value(object.value)])
        }
        if case .integer(let n) = call[2], case .object(let object) = call[1],
          let found = kind.element?(object.value, n)
        {
          return .values([found])
        }
        return try Self.missing(kind, &call)
      }, on: stack)
    let status = unbounded { shim_pcall(main, 2, 1) }
    precondition(status == LUA_OK, "a function of ours failed")
  }

  private static let indexMaker = "reclaimlua.index"

  func makeIndexMaker() {
    evaluate(
      """
      return function(methods, other)
        return function(object, name)
          local method = methods[name]
          if method ~= nil then return method end
          return other(object, name)
        end
      end
      """)
    lua_setfield(main, registryIndex, Self.indexMaker)
  }

  private static func missing(_ kind: LuaKind, _ call: inout LuaCall) throws(LuaError) -> LuaAnswer
  {
    guard case .string(let name) = call[2] else {
      throw LuaError("\(kind.withArticle) has no \(call[2].described)")
    }
    if let (_, why) = kind.reserved.first(where: { $0.name == name }) {
      throw LuaError("\(kind.withArticle) has no '\(name)' yet: \(why)")
    }
    let names = kind.names
    if let near = NearestName.of(name, among: names) {
      throw LuaError("\(kind.withArticle) has no '\(name)'; did you mean '\(near)'?")
    }
    throw LuaError(
      "\(kind.withArticle) has no '\(name)'; it has \(names.joined(separator: ", "))")
  }

  static func metatable(of kind: LuaKind) -> String { "reclaimlua.kind." + kind.name }
}

extension LuaStack {
  /// Pushes the one userdata of the object: made when it is needed, known by number as long as Lua
  /// holds it.
  func push(_ object: LuaObject) {
    reserve(5)
    lua_rawgetp(raw, registryIndex, LuaState.objectsKey(raw))
    if lua_rawgeti(raw, -1, object.number) == LUA_TUSERDATA { return removeBelowTop() }
    pop()
    lua_getfield(raw, registryIndex, LuaState.metatable(of: object.kind))
    let slot = lua_newuserdatauv(raw, MemoryLayout<OpaquePointer?>.size, 0)!
    slot.storeBytes(
      of: Unmanaged.passRetained(object).toOpaque(), as: UnsafeMutableRawPointer?.self)
    lua_rotate(raw, -2, 1)
    lua_setmetatable(raw, -2)
    lua_pushvalue(raw, -1)
    lua_rawseti(raw, -3, object.number)
    removeBelowTop()
  }

  /// The object at an index; nil when the value is something else. Metatables of ours are known by
  /// a key that no script has: the address of the state's context.
  func object(at index: CInt) -> LuaObject? {
    reserve(2)
    guard lua_getmetatable(raw, index) != 0 else { return nil }
    let isOurs = lua_rawgetp(raw, -1, shim_of(raw)) == LUA_TBOOLEAN
    pop(2)
    guard isOurs, let reference = reference(at: index).pointee else { return nil }
    return Unmanaged<LuaObject>.fromOpaque(reference).takeUnretainedValue()
  }

  /// Gives back the reference of the userdata that Lua collects.
  fileprivate func releaseObject() -> CInt {
    let slot = reference(at: 1)
    if let reference = slot.pointee {
      slot.pointee = nil
      Unmanaged<LuaObject>.fromOpaque(reference).release()
    }
    return 0
  }

  private func reference(at index: CInt) -> UnsafeMutablePointer<UnsafeMutableRawPointer?> {
    lua_touserdata(raw, index)!.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  }
}

extension LuaState {
  /// Where the registry has the table of objects: an address, which is looked up without a name.
  static func objectsKey(_ raw: OpaquePointer) -> UnsafeRawPointer {
    UnsafeRawPointer(shim_of(raw)) + 1
  }

  /// The table from numbers to userdata, which does not keep them alive.
  func makeObjectTable() {
    lua_createtable(main, 0, 0)
    lua_createtable(main, 0, 1)
    LuaStack(raw: main).push("v")
    lua_setfield(main, -2, "__mode")
    lua_setmetatable(main, -2)
    lua_rawsetp(main, registryIndex, Self.objectsKey(main))
  }
}

/// Tables of named values that Swift hands out: a name which is not there is an error, not nil.
enum LuaRecord {
  static let metatables = "reclaimlua.records"

  static func makeMetatable(_ called: String, on stack: LuaStack) {
    let L = stack.raw
    stack.reserve(5)
    lua_createtable(L, 0, 2)
    LuaState.of(L).pushFunction(
      { call throws(LuaError) in
        guard case .string(let name) = call[2], case .table(let table) = call[1] else {
          return .values([.nil])
        }
        let names = table.keys.compactMap { if case .string(let key) = $0 { key } else { nil } }
        let hint = NearestName.of(name, among: names.sorted()).map { "; did you mean '\($0)'?" }
        throw LuaError("\(called) has no '\(name)'\(hint ?? "")")
      }, on: stack)
    lua_setfield(L, -2, "__index")
    lua_pushvalue(L, -1)
    lua_setfield(L, -3, called)
  }
}
