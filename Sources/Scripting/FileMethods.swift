// SPDX-License-Identifier: Apache-2.0
// An open file in a task's hands.

import Lua
import UAPI

final class FileObject {
  let name: String
  /// Files neither grow nor shrink.
  let size: Pages
  let task: TaskObject

  init(name: String, task: TaskObject) {
    self.name = name
    self.task = task
    size = task.machine.backend.files.first { $0.name == name }?.size ?? Pages(0)
  }
}

extension Chapter {
  static let file = Chapter(
    "file", "f",
    [
      Binding(
        "read", "f:read { … } or f:read()", ["fields?: PatternFields"],
        answers: ["boolean?", "string? error"],
        "true; or nil, `\"ENOMEM\"`. One read of a page for each access of the pattern; without "
          + "one, the whole file in order", body: FileMethods.read),
      Binding(
        "advise", "f:advise(advice [, { from, n }])", ["advice: string", "range?: RangeFields"],
        answers: ["boolean?", "string? error"],
        "true; posix_fadvise: "
          + FileAdvice.allCases.map { "`\"\($0.rawValue)\"`" }.joined(separator: ", ")
          + "; without a range, the whole file", body: FileMethods.advise),
      Binding(
        "drop", "f:drop()", answers: ["boolean?", "string? error"],
        "true; what of the file is cached and nobody uses leaves the cache: `\"dontneed\"` for "
          + "the whole file", body: FileMethods.drop),
    ],
    properties: [
      Property("name", "string", "as it was opened") { .string(($0 as! FileObject).name) },
      Property("size", "integer", "bytes") {
        .integer(Int64(($0 as! FileObject).size.bytes.count))
      },
    ],
    reserved: [
      ("write", "writing to files needs dirty pages, which are not built"),
      ("sync", "writing to files needs dirty pages, which are not built"),
    ])
}

extension LuaKind {
  static var file: LuaKind { Chapter.file.kind }
}

private enum FileMethods {
  /// f:read { pattern = …, … }: one read of 4096 bytes for each access.
  static func read(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (file, arguments) = try call.receive("f:read", on: FileObject.self, atMost: 1)
    let fields = try arguments.fields(1, on: file.name, optional: true)
    let pattern = try fields.accessPattern(over: file.size)
    return try file.task.ask(call, "f:read", .read(file: file.name, pattern))
  }

  /// f:advise(advice [, { from =, n = }]): posix_fadvise.
  static func advise(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (file, arguments) = try call.receive("f:advise", on: FileObject.self, atMost: 2)
    let advice: FileAdvice = try arguments.word(1)
    let fields = try arguments.fields(2, on: file.name, optional: true)
    try fields.expect(.range)
    let from = try fields.pages("from") ?? 0
    let length = try fields.pages("n").flatMap { $0 == 0 ? nil : $0 }
    return try file.task.ask(
      call, "f:advise", .adviseFile(file: file.name, advice, from: from, length: length))
  }

  /// f:drop(): nothing of the file stays cached.
  static func drop(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (file, _) = try call.receive("f:drop", on: FileObject.self, atMost: 0)
    return try file.task.ask(
      call, "f:drop", .adviseFile(file: file.name, .dontneed, from: 0, length: nil))
  }
}
