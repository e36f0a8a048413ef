// SPDX-License-Identifier: Apache-2.0
// A task's own memory in its hands: what it has mapped, and what it does there.
//
// The kernel knows memory by address, a scenario by the area it got from t:map. An area that was
// unmapped stays a value of the script, so every use of it asks first whether it still is there.

import Lua
import UAPI

final class AreaObject {
  let name: String
  let size: Pages
  let task: TaskObject
  /// False from munmap on.
  var isMapped = true

  init(name: String, size: Pages, task: TaskObject) {
    self.name = name
    self.size = size
    self.task = task
  }
}

extension Chapter {
  static let area = Chapter(
    "area", "a",
    [
      Binding(
        "touch", "a:touch { … } or a:touch()", ["fields?: TouchFields"], answers: ["boolean"],
        "true. One load or store at the start of a page for each access of the pattern; without "
          + "one, the whole area in order", body: AreaMethods.touch),
      Binding(
        "advise", "a:advise(advice [, { from, n }])", ["advice: string", "range?: RangeFields"],
        answers: ["boolean?", "string? error"],
        "true; or nil, `\"EINVAL\"`. madvise: "
          + MemoryAdvice.allCases.map { "`\"\($0.rawValue)\"`" }.joined(separator: ", ")
          + "; without a range, the whole area", body: AreaMethods.advise),
      Binding(
        "lock", "a:lock([{ from, n }])", ["range?: RangeFields"],
        answers: ["boolean?", "string? error"],
        "true; mlock, which brings the pages into memory", body: AreaMethods.lock),
      Binding(
        "unlock", "a:unlock([{ from, n }])", ["range?: RangeFields"],
        answers: ["boolean?", "string? error"], "true; munlock", body: AreaMethods.unlock),
      Binding(
        "unmap", "a:unmap()", answers: ["boolean?", "string? error"],
        "true; the whole area. What is asked of it afterwards is an error",
        body: AreaMethods.unmap),
    ],
    properties: [
      Property("name", "string", "as it was mapped, or `\"area 1\"` …") {
        .string(($0 as! AreaObject).name)
      },
      Property("size", "integer", "bytes") {
        .integer(Int64(($0 as! AreaObject).size.bytes.count))
      },
    ],
    reserved: [("policy", "memory policies come with machines of several nodes")])
}

extension LuaKind {
  static var area: LuaKind { Chapter.area.kind }
}

extension FieldList {
  static let touch = FieldList(
    "TouchFields",
    [
      ("write", "boolean", "`false`: loads; without it, stores"),
      ("fill", "boolean", "`true`: stores the whole page"),
    ], and: .pattern)

  static let range = FieldList(
    "RangeFields",
    [
      ("from", "PageCount", "first page; 0"),
      ("n", "PageCount", "how many; all after `from`"),
    ])
}

private enum AreaMethods {
  private static func receive(
    _ call: LuaCall, _ name: String, atMost most: Int
  ) throws(LuaError) -> (AreaObject, Arguments) {
    let (area, arguments) = try call.receive(name, on: AreaObject.self, atMost: most)
    guard area.isMapped else { throw LuaError("\(name): '\(area.name)' was unmapped before") }
    return (area, arguments)
  }

  /// a:touch { pattern = …, …, write = true, fill = false }: one load or store for each access.
  static func touch(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (area, arguments) = try receive(call, "a:touch", atMost: 1)
    let fields = try arguments.fields(1, on: area.name, optional: true)
    let pattern = try fields.accessPattern(over: area.size, of: .touch)
    let chosen = try fields.flag("write")
    let fill = try fields.flag("fill") ?? false
    if fill, chosen == false {
      throw LuaError("\(fields.owner): field 'fill' says what is written, not with write = false")
    }
    return try area.task.ask(
      call, "a:touch",
      .touch(area: area.name, write: chosen ?? true, fill: fill, pattern),
      hint: chosen == nil ? "; a:touch writes unless it is told write = false" : "")
  }

  /// a:advise(advice [, { from =, n = }]): madvise.
  static func advise(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (area, arguments) = try receive(call, "a:advise", atMost: 2)
    let advice: MemoryAdvice = try arguments.word(1)
    let (from, length) = try range(2, arguments, of: area)
    return try area.task.ask(
      call, "a:advise", .adviseArea(area: area.name, advice, from: from, length: length))
  }

  /// a:lock [{ from =, n = }]: mlock.
  static func lock(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (area, arguments) = try receive(call, "a:lock", atMost: 1)
    let (from, length) = try range(1, arguments, of: area)
    return try area.task.ask(
      call, "a:lock", .lock(area: area.name, from: from, length: length))
  }

  /// a:unlock [{ from =, n = }]: munlock.
  static func unlock(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (area, arguments) = try receive(call, "a:unlock", atMost: 1)
    let (from, length) = try range(1, arguments, of: area)
    return try area.task.ask(
      call, "a:unlock", .unlock(area: area.name, from: from, length: length))
  }

  /// a:unmap(): munmap of the whole area.
  static func unmap(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (area, _) = try receive(call, "a:unmap", atMost: 0)
    return try area.task.ask(call, "a:unmap", .unmap(area: area.name)) { outcome in
      if case .done = outcome {
        area.isMapped = false
        area.task.areaNames.remove(area.name)
      }
      return TaskObject.plain(outcome)
    }
  }

  /// The part of the area that an optional table names; everything without one.
  private static func range(
    _ n: Int, _ arguments: Arguments, of area: AreaObject
  ) throws(LuaError) -> (from: Int, length: Int?) {
    let fields = try arguments.fields(n, on: area.name, optional: true)
    try fields.expect(.range)
    let pattern = AccessPattern(
      .sequential, from: try fields.bounded("from") ?? 0, length: try fields.bounded("n"))
    if let problem = pattern.problem(over: area.size.count) {
      throw LuaError("\(fields.owner): \(problem)")
    }
    return (pattern.from, pattern.length)
  }
}
