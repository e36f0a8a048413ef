// SPDX-License-Identifier: Apache-2.0
// What a task's function can do with its `t`.

import Lua
import Timeline
import UAPI

extension LuaKind {
  static let task = LuaKind(
    "task",
    methods: [
      ("map", TaskObject.map), ("open", TaskMethods.open), ("sleep", TaskMethods.sleep),
      ("compute", TaskMethods.compute),
      ("now", TaskMethods.now), ("mark", TaskMethods.mark), ("reclaim", TaskMethods.reclaim),
      ("move", TaskMethods.move), ("set", TaskMethods.set),
      ("oom_score_adj", TaskMethods.oomScoreAdjust), ("drop_caches", TaskMethods.dropCaches),
    ],
    properties: [
      ("name", { .string(($0 as! TaskObject).name) }),
      ("state", { .string(($0 as! TaskObject).state.rawValue) }),
    ])
}

private enum TaskMethods {
  private static func receive(
    _ call: LuaCall, _ name: String, atMost most: Int
  ) throws(LuaError) -> (TaskObject, Arguments) {
    var task: TaskObject?
    let arguments = try Arguments(call, of: name, on: TaskObject.self, atMost: most, &task)
    return (task!, arguments)
  }

  /// t:open(name): the file, or nil and the kernel's word.
  static func open(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:open", atMost: 1)
    let name = try arguments.string(1, "the name of a file")
    return try task.ask(call, "t:open", .open(file: name)) { outcome in
      if case .failed = outcome { return TaskObject.plain(outcome) }
      let file = FileObject(name: name, task: task)
      return [.object(task.machine.host.state.wrap(file, as: .file))]
    }
  }

  static func sleep(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:sleep", atMost: 1)
    return try task.ask(call, "t:sleep", .sleep(try span(arguments, task)))
  }

  static func compute(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:compute", atMost: 1)
    return try task.ask(call, "t:compute", .compute(try span(arguments, task)))
  }

  static func now(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, _) = try receive(call, "t:now", atMost: 0)
    return .values([.integer(Int64(task.machine.backend.timeline.now.nanoseconds))])
  }

  static func mark(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:mark", atMost: 1)
    let name = try arguments.string(1, "a name for the mark")
    return try task.ask(call, "t:mark", .mark(name: name))
  }

  /// t:reclaim(cg, size): pages, or nil and "EAGAIN".
  static func reclaim(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:reclaim", atMost: 2)
    let path = try cgroup(arguments, of: task)
    let amount = Pages(covering: try arguments.size(2))
    return try task.ask(call, "t:reclaim", .reclaim(path: path, amount))
  }

  static func move(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:move", atMost: 1)
    return try task.ask(call, "t:move", .enter(path: try cgroup(arguments, of: task)))
  }

  /// t:set(cg, { max, swap_max, … }): writes the cgroup's files, which may reclaim and sleep.
  static func set(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:set", atMost: 2)
    let path = try cgroup(arguments, of: task)
    let settings = try arguments.fields(2, of: "t:set of '\(path)'").cgroupSettings()
    return try task.ask(call, "t:set", .setCgroup(path: path, settings: settings))
  }

  /// t:drop_caches(what): as writing 1 (page cache), 2 (slab) or 3 (both) to vm.drop_caches.
  static func dropCaches(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:drop_caches", atMost: 1)
    guard let n = arguments[1].wholeNumber, 1...3 ~= n else {
      throw arguments.bad(1, expected: "1 (page cache), 2 (slab) or 3 (both)")
    }
    return try task.ask(call, "t:drop_caches", .dropCaches(Int(n)))
  }

  /// t:oom_score_adj(n): how much rather this task is killed, or not.
  static func oomScoreAdjust(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try receive(call, "t:oom_score_adj", atMost: 1)
    guard let n = arguments[1].wholeNumber, -1000...1000 ~= n else {
      throw arguments.bad(1, expected: "a whole number from -1000 to 1000")
    }
    return try task.ask(call, "t:oom_score_adj", .setOomScoreAdjust(Int(n)))
  }

  private static func span(
    _ arguments: Arguments, _ task: TaskObject
  ) throws(LuaError) -> Nanoseconds {
    let now = task.machine.backend.timeline.now
    return try arguments.moment(1, after: now) - now
  }

  private static func cgroup(_ arguments: Arguments, of task: TaskObject) throws(LuaError) -> String
  {
    let cgroup: CgroupObject = try arguments.object(1, "a cgroup")
    guard cgroup.machine === task.machine else {
      throw arguments.bad(1, expected: "a cgroup of the task's machine", got: "another machine's")
    }
    return cgroup.path
  }
}
