// SPDX-License-Identifier: Apache-2.0
// What a task's function can do with its `t`.

import Lua
import Timeline
import UAPI

extension Chapter {
  static let task = Chapter(
    "task", "t",
    [
      Binding(
        "open", "t:open(name)", ["name: string"], answers: ["File?", "string? error"],
        "the file; or nil, `\"ENOENT\"`", body: TaskMethods.open),
      Binding(
        "directory", "t:directory(name)", ["name: string"],
        answers: ["Directory?", "string? error"],
        "a directory of small files; or nil, `\"ENOENT\"`; suspends nothing",
        body: DirectoryMethods.find),
      Binding(
        "map", "t:map(size [, { name, shared }]) or t:map { file, from, size, shared, name }",
        ["size: Size|MapFileFields", "fields?: MapFields"], answers: ["Area?", "string? error"],
        "an area of anonymous memory, or one that shows a file's pages; or nil, `\"ENOMEM\"` or "
          + "`\"ENOENT\"`. Nothing of it is in memory before it is touched", body: TaskObject.map),
      Binding(
        "sleep", "t:sleep(time)", ["time: Time"], answers: ["boolean"], "true",
        body: TaskMethods.sleep),
      Binding(
        "compute", "t:compute(time)", ["time: Time"], answers: ["boolean"],
        "true; uses the CPU for that long", body: TaskMethods.compute),
      Binding(
        "now", "t:now()", answers: ["integer"],
        "nanoseconds since boot; suspends nothing", body: TaskMethods.now),
      Binding(
        "mark", "t:mark(name)", ["name: string"], answers: ["boolean"],
        "true; an observer in the root cgroup reads all counters, which costs what it costs on a "
          + "real machine", body: TaskMethods.mark),
      Binding(
        "signal", "t:signal(name)", ["name: string"],
        "nothing; whoever waits for that signal goes on. It stays given; suspends nothing",
        body: TaskMethods.signal),
      Binding(
        "wait", "t:wait(name) or t:wait(trigger)", ["what: string|Trigger"],
        answers: ["boolean?", "string? error"],
        "true, as soon as that signal is given, or the trigger (`cg:trigger`) has an event",
        body: TaskMethods.wait),
      Binding(
        "set", "t:set(cg, { max, swap_max, … })", ["cgroup: Cgroup", "files: CgroupFiles"],
        answers: ["boolean?", "string? error"],
        "true; writes the cgroup's files; a `max` below what it holds reclaims first",
        body: TaskMethods.set),
      Binding(
        "reclaim", "t:reclaim(cg, size [, { swappiness }])",
        ["cgroup: Cgroup", "size: Size", "fields?: ReclaimFields"],
        answers: ["integer?", "string? error"],
        "pages, as writing to memory.reclaim; or nil, `\"EAGAIN\"` when fewer could be had",
        body: TaskMethods.reclaim),
      Binding(
        "remove", "t:remove(cg)", ["cgroup: Cgroup"], answers: ["boolean?", "string? error"],
        "true, as rmdir: what it was charged for stays, and counts for those above; or nil, "
          + "`\"EBUSY\"` while tasks or cgroups are in it", body: TaskMethods.remove),
      Binding(
        "move", "t:move(cg)", ["cgroup: Cgroup"], answers: ["boolean?", "string? error"],
        "true; the task is in that cgroup from now on", body: TaskMethods.move),
      Binding(
        "oom_score_adj", "t:oom_score_adj(n)", ["n: integer"], answers: ["boolean"],
        "true; −1000 (never killed) to 1000", body: TaskMethods.oomScoreAdjust),
      Binding(
        "alloc_pages", "t:alloc_pages(order [, gfp])", ["order: integer", "gfp?: string"],
        answers: ["Block?", "string? error"],
        "a block of 2^`order` page frames, as the kernel's own code asks for it; or nil, "
          + "`\"ENOMEM\"`. `gfp`: the kernel's flags, see Blocks; without it `\"GFP_KERNEL\"`",
        body: BlockMethods.allocate),
      Binding(
        "drop_caches", "t:drop_caches(what)", ["what: integer"], answers: ["boolean"],
        "true; writes 1 (page cache), 2 (slab) or 3 (both) to vm.drop_caches",
        body: TaskMethods.dropCaches),
      Binding(
        "take_turns", "t:take_turns(every, { name, … })", ["every: integer", "tasks: string[]"],
        answers: ["boolean?", "string? error"],
        "true. From now on the tasks of those names take turns in that order, so many accesses "
          + "each: what competes is the memory, not the scheduler. A turn begins when all of them "
          + "that were spawned and have not ended wait for theirs; each has to ask, with the same "
          + "names", body: TaskMethods.takeTurns),
      Binding(
        "exit", "t:exit()", answers: [], "does not answer; the task ends here",
        body: TaskMethods.exit),
    ],
    properties: [
      Property("name", "string", "as it was spawned") { .string(($0 as! TaskObject).name) },
      Property("state", "string", "`\"running\"`, `\"done\"`, `\"killed\"` or `\"failed\"`") {
        .string(($0 as! TaskObject).state.rawValue)
      },
      Property(
        "time", "table<string, integer>",
        "`{ running, reclaiming, waiting }`, nanoseconds: on the CPU, of it in reclaim, and since "
          + "its start off the CPU"
      ) { ($0 as! TaskObject).times },
      Property(
        "delay", "table<string, integer>",
        "`{ freepages_count, freepages_delay_total }`, as taskstats: cycles of reclaim that it "
          + "went through, in direct reclaim, at a limit or because it was asked, and "
          + "nanoseconds from their begin to their end"
      ) { ($0 as! TaskObject).delays },
    ],
    reserved: [("policy", "memory policies come with machines of several nodes")])
}

extension FieldList {
  static let reclaim = FieldList(
    "ReclaimFields",
    [
      (
        "swappiness", "integer",
        "0 to 200, of this call alone. 6.1 knows no such word behind the amount: nil, "
          + "`\"EINVAL\"`"
      )
    ])
}

extension LuaKind {
  static var task: LuaKind { Chapter.task.kind }
}

extension TaskObject {
  fileprivate var delays: LuaValue {
    guard let handle else { return .counters("task.delay", []) }
    let delay = machine.backend.report(on: handle).reclaimDelay
    return .counters(
      "task.delay",
      [
        ("freepages_count", delay.count), ("freepages_delay_total", Int(delay.total.count)),
      ])
  }

  fileprivate var times: LuaValue {
    guard let handle else { return .counters("task.time", []) }
    let report = machine.backend.report(on: handle)
    let elapsed = ((report.ended ?? machine.timeline.now) - report.started).count
    return .counters(
      "task.time",
      [
        ("running", Int(report.cpu.count)), ("reclaiming", Int(report.reclaiming.count)),
        ("waiting", Int(elapsed - min(elapsed, report.cpu.count))),
      ])
  }
}

private enum TaskMethods {
  /// t:open(name): the file, or nil and the kernel's word.
  static func open(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:open", on: TaskObject.self, atMost: 1)
    let name = try arguments.string(1, "the name of a file")
    return try task.ask(call, "t:open", .open(file: name)) { outcome in
      if case .failed = outcome { return TaskObject.plain(outcome) }
      let file = FileObject(name: name, task: task)
      return [.object(task.machine.host.state.wrap(file, as: .file))]
    }
  }

  static func sleep(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:sleep", on: TaskObject.self, atMost: 1)
    return try task.ask(call, "t:sleep", .sleep(try span(arguments, task)))
  }

  static func compute(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:compute", on: TaskObject.self, atMost: 1)
    return try task.ask(call, "t:compute", .compute(try span(arguments, task)))
  }

  static func now(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, _) = try call.receive("t:now", on: TaskObject.self, atMost: 0)
    return .values([.integer(Int64(task.machine.timeline.now.nanoseconds))])
  }

  static func mark(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:mark", on: TaskObject.self, atMost: 1)
    let name = try arguments.string(1, "a name for the mark")
    return try task.ask(call, "t:mark", .mark(name: name))
  }

  /// t:reclaim(cg, size [, { swappiness }]): pages, or nil and the kernel's word.
  static func reclaim(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:reclaim", on: TaskObject.self, atMost: 3)
    let path = try cgroup(arguments, of: task)
    let amount = Pages(covering: try arguments.size(2))
    let fields = try arguments.fields(3, on: path, optional: true)
    try fields.expect(.reclaim)
    let expected = "a whole number from 0 to 200"
    let swappiness = try fields.whole("swappiness", expected)
    if let swappiness, !(0...200 ~= swappiness) {
      throw fields.bad("swappiness", expected: expected)
    }
    return try task.ask(
      call, "t:reclaim", .reclaim(path: path, amount, swappiness: swappiness.map { Int($0) }))
  }

  /// t:remove(cg): as rmdir; what the cgroup was charged for stays with those above.
  static func remove(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:remove", on: TaskObject.self, atMost: 1)
    let path = try cgroup(arguments, of: task)
    return try task.ask(call, "t:remove", .removeCgroup(path: path)) { [unowned task] outcome in
      if case .done = outcome { task.machine.removed(path) }
      return TaskObject.plain(outcome)
    }
  }

  static func move(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:move", on: TaskObject.self, atMost: 1)
    return try task.ask(call, "t:move", .enter(path: try cgroup(arguments, of: task)))
  }

  /// t:set(cg, { max, swap_max, … }): writes the cgroup's files, which may reclaim and sleep.
  static func set(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:set", on: TaskObject.self, atMost: 2)
    let path = try cgroup(arguments, of: task)
    let settings = try arguments.fields(2, on: path).cgroupSettings()
    return try task.ask(call, "t:set", .setCgroup(path: path, settings: settings))
  }

  /// t:drop_caches(what): as writing 1 (page cache), 2 (slab) or 3 (both) to vm.drop_caches.
  static func dropCaches(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:drop_caches", on: TaskObject.self, atMost: 1)
    guard let n = arguments[1].wholeNumber, 1...3 ~= n else {
      throw arguments.bad(1, expected: "1 (page cache), 2 (slab) or 3 (both)")
    }
    return try task.ask(call, "t:drop_caches", .dropCaches(Int(n)))
  }

  /// t:take_turns(every, { name, … })
  static func takeTurns(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:take_turns", on: TaskObject.self, atMost: 2)
    guard let every = arguments[1].wholeNumber, 1...(1 << 30) ~= every else {
      throw arguments.bad(1, expected: "how many accesses a turn has, 1 or more")
    }
    let words = "a list of tasks' names, each once"
    guard case .table(let list) = arguments[2], list.count > 0 else {
      throw arguments.bad(2, expected: words)
    }
    var names: [String] = []
    for i in 1...list.count {
      guard case .string(let name) = list[i], !names.contains(name) else {
        throw arguments.bad(2, expected: words)
      }
      names.append(name)
    }
    guard names.contains(task.name) else {
      throw LuaError("t:take_turns: '\(task.name)' itself is not among the names")
    }
    return try task.ask(call, "t:take_turns", .takeTurns(every: Int(every), order: names))
  }

  /// t:oom_score_adj(n): how much rather this task is killed, or not.
  static func oomScoreAdjust(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:oom_score_adj", on: TaskObject.self, atMost: 1)
    guard let n = arguments[1].wholeNumber, -1000...1000 ~= n else {
      throw arguments.bad(1, expected: "a whole number from -1000 to 1000")
    }
    return try task.ask(call, "t:oom_score_adj", .setOomScoreAdjust(Int(n)))
  }

  /// t:signal(name)
  static func signal(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:signal", on: TaskObject.self, atMost: 1)
    try task.expectRunning("t:signal")
    task.machine.give(try arguments.string(1, "a name for the signal"))
    return .nothing
  }

  /// t:wait(name)
  static func wait(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:wait", on: TaskObject.self, atMost: 1)
    if case .object(let object) = arguments[1], let trigger = object.value as? TriggerObject {
      guard trigger.machine === task.machine else {
        throw arguments.bad(1, expected: "a trigger of this machine", got: "another machine's")
      }
      return try task.ask(call, "t:wait", trigger.operation)
    }
    let name = try arguments.string(1, "the name of a signal, or a trigger")
    return try task.ask(call, "t:wait", .signal(name))
  }

  static func exit(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, _) = try call.receive("t:exit", on: TaskObject.self, atMost: 0)
    return try task.ask(call, "t:exit", .exit)
  }

  private static func span(
    _ arguments: Arguments, _ task: TaskObject
  ) throws(LuaError) -> Nanoseconds {
    let now = task.machine.timeline.now
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
