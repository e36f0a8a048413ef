// SPDX-License-Identifier: Apache-2.0
// The machine in the main chunk's hands: cgroups, tasks, and time.

import Lua
import Timeline
import UAPI

extension Chapter {
  static let machine = Chapter(
    "machine", "m",
    [
      Binding(
        "cgroup", "m:cgroup { name, parent, memory }", ["fields: CgroupFields"],
        answers: ["Cgroup?", "string? error"],
        "the cgroup; or nil and the kernel's error name", body: MachineMethods.cgroup),
      Binding(
        "spawn", "m:spawn(name, [{ cgroup = cg },] function(t) … end)",
        ["name: string", "fields: TaskFields|fun(t: Task)", "body?: fun(t: Task)"],
        answers: ["Task"], "the task. It starts when time passes", body: MachineMethods.spawn),
      Binding(
        "run", "m:run(time) or m:run()", ["time?: Time"],
        "nothing; lets that much time pass, or until all tasks have ended. Raises the error of a "
          + "task that failed, and tells why the machine itself could not go on, who waits for a "
          + "signal that nobody gives, or what has not ended after a day",
        body: MachineMethods.run),
      Binding(
        "call", "m:call(function(t) … end)", ["body: fun(t: Task): any"], answers: ["any"],
        "what the function answers: it is a task of the root cgroup, run to its end, while the "
          + "others run too", body: MachineMethods.call),
      Binding(
        "every", "m:every(time, function(t) … end)", ["time: Time", "look: fun(t: Task)"],
        "nothing; from now on the function runs each time that much has passed, as a task of the "
          + "root cgroup. No run waits for it", body: MachineMethods.every),
      Binding(
        "at", "m:at(time, function(t) … end)", ["time: Time", "look: fun(t: Task)"],
        "nothing; the function runs once, that much later than now, as a task of the root cgroup",
        body: MachineMethods.at),
      Binding(
        "watch", "m:watch { gauge, …, every }", ["gauges: table"],
        "nothing; from now on the gauges are sampled `every` so often (`\"100 ms\"` unless said) "
          + "while time passes, and drawn in the report. A gauge is a field of vmstat, "
          + "`\"nr_free_pages\"`, or of a cgroup: its path, a dot, and a field of memory.stat, "
          + "`current` or `swap_current`, as in `\"web.file\"`. It changes nothing, and no run "
          + "waits for it: the last task that ends ends it too",
        body: MachineObject.watch),
      Binding(
        "snapshot", "m:snapshot()", answers: ["Snapshot"],
        "what can be seen of the machine now", body: MachineViews.snapshot),
      Binding(
        "vmstat", "m:vmstat()", answers: ["table<string, integer>"],
        "/proc/vmstat: the fields that this kernel has, by its names", body: MachineViews.vmstat),
      Binding(
        "proc", "m:proc(name)", ["name: string"], answers: ["string"],
        "the text of a file of /proc as that kernel prints it: `\"vmstat\"`, `\"meminfo\"`, "
          + "`\"zoneinfo\"`, `\"buddyinfo\"`, `\"pagetypeinfo\"`, `\"swaps\"`, "
          + "`\"pressure/memory\"`; without the lines of what is not simulated",
        body: MachineViews.proc),
      Binding(
        "slabinfo", "m:slabinfo()", answers: ["table<string, table<string, integer>>"],
        "caches of kernel objects by the kernel's names (`dentry`, `ext4_inode_cache`, "
          + "`radix_tree_node` …): `{ objects, free, pages, unused, negative, object_size, "
          + "per_slab }`. `objects` are those in use that came since boot, `free` those free in "
          + "slabs, `pages` those of slabs taken since boot; `unused` may be freed by a shrinker, "
          + "and `negative` dentries say that there is no such file",
        body: MachineViews.slabinfo),
      Binding(
        "marks", "m:marks()", answers: ["table[]"],
        "what `t:mark` saw, in order: `{ name, at, vmstat, cgroups }`; `at` in nanoseconds since "
          + "boot, `cgroups[path]` is `{ stat, events, current, swap_current }`",
        body: MachineViews.marks),
      Binding(
        "note", "m:note(name, value)", ["name: string", "value: string|number|boolean|table"],
        "nothing; the value joins the report. A list of values is noted as one line",
        body: MachineViews.note),
      Binding(
        "report", "m:report()", answers: ["string"],
        "the report as it would stand now", body: MachineViews.report),
      Binding(
        "kernel_log", "m:kernel_log()", answers: ["table[]"],
        "the kernel's log since boot, oldest first: `{ at, text }`; what the OOM killer reports",
        body: MachineViews.kernelLog),
      Binding(
        "trace_events", "m:trace_events()", answers: ["table[]"],
        "in order: `{ at, name, text, … }`, `text` as ftrace prints it, and each numeric "
          + "`name=value` of it as a field, such as `nr_scanned`; see below",
        body: MachineViews.traceEvents),
    ],
    properties: [
      Property("node", "table<integer, Node>", "the nodes, from 0: `m.node[0].free`") {
        .object(($0 as! MachineObject).nodes())
      }
    ],
    reserved: [
      ("dirty_limit", "dirty pages are not built"),
      ("dirty_background_limit", "dirty pages are not built"),
    ])
}

extension LuaKind {
  static var machine: LuaKind { Chapter.machine.kind }
}

extension FieldList {
  static let task = FieldList(
    "TaskFields",
    [("cgroup", "Cgroup", "the cgroup it starts in; without it, the root")],
    elsewhere: [
      "policy": "comes with machines of several nodes", "cpu": "comes with several CPUs",
    ])

  static let cgroup = FieldList(
    "CgroupFields",
    [
      ("name", "string", "a name without `/`; has to be said"),
      ("parent", "Cgroup", "the cgroup it is made in; without it, the root"),
      ("memory", "CgroupFiles", "files of it that are written at once; see below"),
    ],
    elsewhere: Fields.cgroupFilesElsewhere)
}

enum MachineMethods {
  /// m:cgroup { name, parent, memory }
  static func cgroup(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:cgroup", on: MachineObject.self, atMost: 1)
    try machine.host.expectOutsideOfTime("m:cgroup")
    var fields = try arguments.fields(1, of: "m:cgroup")
    if case .string(let name) = fields["name"], !name.isEmpty {
      fields = fields.named("cgroup '\(name)'")
    }
    try fields.expect(.cgroup)
    guard let name = try fields.string("name", "a name"), !name.contains("/"), name != ".",
      name != ".."
    else { throw fields.bad("name", expected: "a name without '/'") }
    let parent = try fields.cgroup("parent", of: machine)
    let path = parent.map { $0.path + "/" + name } ?? name
    if machine.hasCgroup(path) {
      throw LuaError("m:cgroup: there is a cgroup '\(path)' already")
    }
    let settings = try fields.fields("memory")?.cgroupSettings() ?? []
    switch machine.backend.configureCgroup(path: path, settings: settings) {
    case .failed(let errno): return .values([.nil, .string(errno.rawValue)])
    case .unsupported(let what): throw LuaError("cgroup '\(name)': \(what)")
    case .done, .pages, .frame: break
    }
    let made = CgroupObject(path: path, on: machine)
    machine.add(made)
    return .values([.object(machine.host.state.wrap(made, as: .cgroup))])
  }

  /// m:spawn(name, [{ cgroup },] function(t) … end)
  static func spawn(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:spawn", on: MachineObject.self, atMost: 3)
    try machine.host.expectOutsideOfTime("m:spawn")
    let name = try arguments.string(1, "a name for the task")
    let short = if case .function = arguments[2] { true } else { false }
    let fields = short ? Fields(nil, of: "task") : try arguments.fields(2, of: "task '\(name)'")
    try fields.expect(.task)
    let cgroup = try fields.cgroup("cgroup", of: machine)
    let body = try arguments.function(short ? 2 : 3, "the task's function(t)")
    let task = TaskObject(
      name: name, body: call.makeCoroutine(body), on: machine, at: call.place)
    let object = machine.host.state.wrap(task, as: .task)
    machine.start(task, in: cgroup?.path ?? "/", as: object)
    return .values([.object(object)])
  }

  /// m:run([duration])
  static func run(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:run", on: MachineObject.self, atMost: 1)
    try machine.host.expectOutsideOfTime("m:run")
    let isTimed = !arguments[1].isNil || call.count >= 2
    if isTimed { _ = try arguments.moment(1, after: machine.timeline.now) }
    try machine.run(for: isTimed ? try arguments.duration(1) : nil)
    return .nothing
  }

  /// m:call(function(t) … end)
  static func call(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:call", on: MachineObject.self, atMost: 1)
    try machine.host.expectOutsideOfTime("m:call")
    let body = try arguments.function(1, "a function(t)")
    let box = call.makeTable()
    let wrapped = call.wrap(body, by: TaskWrappers.call, [.table(box)])
    let task = TaskObject(
      name: "call at \(call.place)", body: call.makeCoroutine(wrapped), on: machine,
      at: call.place, isCall: true)
    machine.start(task, in: "/", as: machine.host.state.wrap(task, as: .task))
    try machine.run(to: task)
    guard case .integer(let n) = box["n"] else { return .nothing }
    return call.unpack(box, count: Int(n))
  }

  /// m:every(interval, function(t) … end)
  static func every(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:every", on: MachineObject.self, atMost: 2)
    let interval =
      try arguments.moment(1, after: machine.timeline.now)
      - machine.timeline.now
    guard interval.count > 0 else {
      throw arguments.bad(1, expected: "a time above nothing, such as \"1 s\"")
    }
    try later(machine, arguments, call, TaskWrappers.every, interval, "every")
    return .nothing
  }

  /// m:at(delay, function(t) … end)
  static func at(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (machine, arguments) = try call.receive("m:at", on: MachineObject.self, atMost: 2)
    let now = machine.timeline.now
    try later(
      machine, arguments, call, TaskWrappers.at, try arguments.moment(1, after: now) - now, "at")
    return .nothing
  }

  private static func later(
    _ machine: MachineObject, _ arguments: Arguments, _ call: LuaCall, _ wrapper: String,
    _ time: Nanoseconds, _ what: String
  ) throws(LuaError) {
    try machine.host.expectOutsideOfTime("m:\(what)")
    let body = try arguments.function(2, "a function(t)")
    let wrapped = call.wrap(body, by: wrapper, [.integer(Int64(time.count))])
    let task = TaskObject(
      name: "\(what) \(time.text) at \(call.place)", body: call.makeCoroutine(wrapped),
      on: machine, at: call.place, isObserver: what == "every")
    machine.start(task, in: "/", as: machine.host.state.wrap(task, as: .task))
  }
}
