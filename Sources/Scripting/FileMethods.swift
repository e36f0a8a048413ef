// SPDX-License-Identifier: Apache-2.0
// An open file in a task's hands.

import Lua
import UAPI

final class FileObject {
  let name: String
  let task: TaskObject

  init(name: String, task: TaskObject) {
    self.name = name
    self.task = task
  }

  var size: Pages { task.machine.backend.files.first { $0.name == name }?.size ?? Pages(0) }
}

extension LuaKind {
  static let file = LuaKind(
    "file", methods: [("read", FileMethods.read), ("advise", FileMethods.advise)],
    properties: [
      ("name", { .string(($0 as! FileObject).name) }),
      ("size", { .integer(Int64(($0 as! FileObject).size.bytes.count)) }),
    ])
}

private enum FileMethods {
  /// f:read { pattern = …, … }: one read of 4096 bytes for each access.
  static func read(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    var file: FileObject!
    let arguments = try Arguments(call, of: "f:read", on: FileObject.self, atMost: 1, &file)
    let fields = try arguments.fields(1, of: "f:read of '\(file.name)'", optional: true)
    let pattern = try fields.accessPattern(over: file.size)
    return try file.task.ask(call, "f:read", .read(file: file.name, pattern))
  }

  /// f:advise(advice [, { from =, n = }]): posix_fadvise.
  static func advise(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    var file: FileObject!
    let arguments = try Arguments(call, of: "f:advise", on: FileObject.self, atMost: 2, &file)
    let known = FileAdvice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    guard case .string(let name) = arguments[1], let advice = FileAdvice(rawValue: name) else {
      throw arguments.bad(1, expected: known)
    }
    let fields = try arguments.fields(2, of: "f:advise of '\(file.name)'", optional: true)
    try fields.expect(only: ["from", "n"])
    let from = try fields.pages("from") ?? 0
    let length = try fields.pages("n").flatMap { $0 == 0 ? nil : $0 }
    return try file.task.ask(
      call, "f:advise", .adviseFile(file: file.name, advice, from: from, length: length))
  }
}
