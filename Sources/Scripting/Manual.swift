// SPDX-License-Identifier: Apache-2.0
// The one source of what a scenario can say: a chapter for each kind of object and for the globals,
// a list for each table of fields.
//
// The kinds that Lua sees are made from the chapters, unknown fields are told from the lists, and
// so are docs/scenario-api.md (its tables) and docs/reclaimlua.meta.lua, which editors read. A name
// that is in one place is in all.

import Lua

/// A function or method.
struct Binding: Sendable {
  let name: String
  /// How it is called, as documented: "m:run(time)"; several ways separated by " or ".
  let usage: String
  /// What it does and answers, in Markdown.
  let text: String
  /// For editors: its parameters, "name?: type", and its results' types.
  let parameters: [String]
  let results: [String]
  let body: LuaMethod

  init(
    _ name: String, _ usage: String, _ parameters: [String] = [], answers results: [String] = [],
    _ text: String, body: @escaping LuaMethod
  ) {
    self.name = name
    self.usage = usage
    self.parameters = parameters
    self.results = results
    self.text = text
    self.body = body
  }
}

/// A field that is read.
struct Property: Sendable {
  let name: String
  let type: String
  let text: String
  let value: @Sendable (AnyObject) -> LuaValue

  init(
    _ name: String, _ type: String, _ text: String,
    _ value: @escaping @Sendable (AnyObject) -> LuaValue
  ) {
    self.name = name
    self.type = type
    self.text = text
    self.value = value
  }
}

/// A kind of object.
struct Chapter: Sendable {
  /// As messages call it: "machine".
  let name: String
  /// The receiver in the documentation: "m".
  let receiver: String
  let bindings: [Binding]
  let properties: [Property]
  /// Names that belong to what is not built, and to what.
  let reserved: [(name: String, why: String)]
  let kind: LuaKind

  init(
    _ name: String, _ receiver: String, _ bindings: [Binding], properties: [Property] = [],
    operators: [LuaMember] = [],
    element: (@Sendable (AnyObject, Int64) -> LuaValue?)? = nil,
    reserved: [(name: String, why: String)] = []
  ) {
    self.name = name
    self.receiver = receiver
    self.bindings = bindings
    self.properties = properties
    self.reserved = reserved
    kind = LuaKind(
      name, methods: bindings.map { LuaMember($0.name, $0.body) },
      properties: properties.map { ($0.name, $0.value) }, operators: operators, element: element,
      reserved: reserved)
  }

  /// The class in files for editors.
  var className: String { name.prefix(1).uppercased() + name.dropFirst() }
}

/// The fields of one table that a function takes.
struct FieldList: Sendable {
  struct Field: Sendable {
    let name: String
    let type: String
    let text: String
  }

  /// The class in files for editors, such as "MachineFields".
  let className: String
  let fields: [Field]
  let names: [String]
  /// The fields without those of a list that it takes over.
  let ownFields: [Field]
  /// Fields that belong elsewhere or to what is not built: what to say.
  let elsewhere: [String: String]

  init(
    _ className: String, _ fields: [(name: String, type: String, text: String)],
    and others: FieldList? = nil, elsewhere: [String: String] = [:]
  ) {
    self.className = className
    ownFields = fields.map { Field(name: $0.name, type: $0.type, text: $0.text) }
    self.fields = ownFields + (others?.fields ?? [])
    names = self.fields.map(\.name)
    self.elsewhere = elsewhere
  }
}

extension Fields {
  /// Refuses every field that the list has not got.
  func expect(_ list: FieldList) throws(LuaError) {
    try expect(only: list.names, elsewhere: list.elsewhere)
  }
}

package enum Manual {
  static let chapters: [Chapter] = [
    .machine, .node, .snapshot, .cgroup, .task, .area, .file, .directory, .block,
  ]
  static let fieldLists: [FieldList] = [
    .machine, .machineNode, .disk, .swap, .cgroup, .cgroupFiles, .trigger, .task, .reclaim, .map,
    .mapFile, .pattern, .touch, .range,
  ]
}
