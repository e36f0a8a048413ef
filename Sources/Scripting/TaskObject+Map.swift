// SPDX-License-Identifier: Apache-2.0
// t:map, as mmap: memory of the task's own, or a file's pages in its sight.

import Lua
import UAPI

extension FieldList {
  static let map = FieldList(
    "MapFields",
    [
      (
        "name", "string",
        "tells it apart in messages and gives it its stream of the scenario's seed; without one "
          + "`\"area 1\"`, `\"area 2\"` …"
      ),
      ("shared", "boolean", "`true`: shared with others; without it, private"),
    ],
    elsewhere: ["file": "goes with its size into one table: t:map { file = …, size = … }"])

  static let mapFile = FieldList(
    "MapFileFields",
    [
      ("file", "string", "whose pages it shows; without one, anonymous memory"),
      ("from", "PageCount", "its first page in the file; 0"),
      ("size", "Size", "without it, to the end of the file"),
      ("shared", "boolean", "of a file shared unless `false`, else private unless `true`"),
      ("name", "string", "as above"),
    ])
}

extension TaskObject {
  private static let size = #"a size such as "24 MiB""#

  /// t:map(size [, { name, shared }]), t:map { file, from, size, name, shared }: the area, or nil
  /// and the kernel's word.
  static func map(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:map", on: TaskObject.self, atMost: 2)
    var size: Bytes?
    let fields: Fields
    if case .table = arguments[1] {
      guard arguments[2].isNil else {
        throw arguments.bad(2, expected: "nothing after a table of fields")
      }
      fields = try arguments.fields(1)
      try fields.expect(.mapFile)
      size = try fields.size("size")
    } else {
      size = try arguments.take(
        1, arguments[1].isNil ? .wrong(expected: Self.size, got: "nothing") : arguments[1].size)
      fields = try arguments.fields(2, optional: true)
      try fields.expect(.map)
    }
    if let size, size.count == 0 { throw LuaError("t:map: expected more than nothing to map") }
    let name = try task.areaName(fields)
    let (kind, pages) = try task.kind(fields, size)
    return try task.ask(
      call, "t:map", .map(area: name, kind, pages: size.map { Pages(covering: $0).count })
    ) { outcome in
      if case .failed = outcome { return TaskObject.plain(outcome) }
      task.areaNames.insert(name)
      let area = AreaObject(name: name, size: pages, task: task)
      return [.object(task.machine.host.state.wrap(area, as: .area))]
    }
  }

  /// What is mapped, and how many pages of it.
  private func kind(_ fields: Fields, _ size: Bytes?) throws(LuaError) -> (MapKind, Pages) {
    let shared = try fields.flag("shared")
    guard let file = try fields.string("file", "the name of a file") else {
      if !fields["from"].isNil {
        throw LuaError("t:map: field 'from' is where in a file the area begins; name its file")
      }
      guard let size else { throw fields.bad("size", expected: Self.size) }
      return (.anonymous(shared: shared ?? false), Pages(covering: size))
    }
    let from = try fields.bounded("from") ?? 0
    var pages = size.map { Pages(covering: $0) }
    if let known = machine.backend.files.first(where: { $0.name == file })?.size {
      guard from < known.count, (pages ?? 1).count <= known.count - from else {
        throw LuaError(
          "\(fields.owner): the file '\(file)' has \(known.count) pages, "
            + "and not \((pages ?? 1).count) from page \(from) on")
      }
      pages = pages ?? Pages(known.count - from)
    }
    return (.file(file, shared: shared ?? true, from: from), pages ?? 0)
  }

  /// The name the scenario gave, or "area 1", "area 2" …
  private func areaName(_ fields: Fields) throws(LuaError) -> String {
    if let name = try fields.string("name", "a name for the area") {
      guard !areaNames.contains(name) else {
        throw LuaError("t:map: task '\(self.name)' has an area '\(name)' already")
      }
      return name
    }
    repeat { areasNamed += 1 } while areaNames.contains("area \(areasNamed)")
    return "area \(areasNamed)"
  }
}
