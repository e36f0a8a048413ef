// SPDX-License-Identifier: Apache-2.0
// A directory of small files in a task's hands: the task looks names up, and the kernel remembers
// them.

import Lua
import UAPI

final class DirectoryObject {
  let name: String
  let files: Int
  let task: TaskObject

  init(name: String, files: Int, task: TaskObject) {
    self.name = name
    self.files = files
    self.task = task
  }
}

extension Chapter {
  static let directory = Chapter(
    "directory", "d",
    [
      Binding(
        "stat", "d:stat { … } or d:stat()", ["fields?: PatternFields"],
        answers: ["boolean?", "string? error"],
        "true; or nil, `\"ENOMEM\"`. One stat of a file for each access of the pattern, counted in "
          + "files; without one, every file in order", body: DirectoryMethods.stat),
      Binding(
        "stat_missing", "d:stat_missing { n, … }", ["fields: PatternFields"],
        answers: ["boolean?", "string? error"],
        "true; or nil, `\"ENOMEM\"`. The same with `n` names that do not exist, from `from` on: "
          + "each leaves a negative dentry", body: DirectoryMethods.statMissing),
    ],
    properties: [
      Property("name", "string", "as the machine was told it") {
        .string(($0 as! DirectoryObject).name)
      },
      Property("files", "integer", "how many files it has") {
        .integer(Int64(($0 as! DirectoryObject).files))
      },
    ])
}

extension LuaKind {
  static var directory: LuaKind { Chapter.directory.kind }
}

enum DirectoryMethods {
  /// Names that do not exist, of one directory.
  private static let missingMost = 1 << 22

  /// t:directory(name)
  static func find(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:directory", on: TaskObject.self, atMost: 1)
    try task.expectRunning("t:directory")
    let name = try arguments.string(1, "the name of a directory")
    guard let spec = task.machine.backend.directories.first(where: { $0.name == name }) else {
      return .values([.nil, .string(Errno.ENOENT.rawValue)])
    }
    let directory = DirectoryObject(name: name, files: spec.files, task: task)
    return .values([.object(task.machine.host.state.wrap(directory, as: .directory))])
  }

  /// d:stat { pattern = …, … }
  static func stat(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (directory, arguments) = try call.receive("d:stat", on: DirectoryObject.self, atMost: 1)
    let fields = try arguments.fields(1, on: directory.name, optional: true)
    try expectNames(fields)
    let pattern = try fields.accessPattern(over: Pages(directory.files))
    return try directory.task.ask(
      call, "d:stat", .stat(directory: directory.name, missing: false, pattern))
  }

  /// d:stat_missing { n = …, … }
  static func statMissing(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (directory, arguments) = try call.receive(
      "d:stat_missing", on: DirectoryObject.self, atMost: 1)
    let fields = try arguments.fields(1, on: directory.name)
    try expectNames(fields)
    let words = "how many names, 1 to \(missingMost)"
    guard let n = try fields.whole("n", words), 1...Int64(missingMost) ~= n else {
      throw fields.bad("n", expected: words)
    }
    let from = try fields.bounded("from") ?? 0
    guard from + Int(n) <= missingMost else {
      throw fields.bad("from", expected: "0 to \(missingMost - Int(n)) with that n")
    }
    let pattern = try fields.accessPattern(over: Pages(from + Int(n)))
    return try directory.task.ask(
      call, "d:stat_missing", .stat(directory: directory.name, missing: true, pattern))
  }

  /// Names are counted, not measured.
  private static func expectNames(_ fields: Fields) throws(LuaError) {
    for name in ["from", "n", "count", "hot"] {
      if case .string = fields[name] {
        throw fields.bad(name, expected: "a number of names, without a unit")
      }
    }
  }
}
