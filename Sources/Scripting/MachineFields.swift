// SPDX-License-Identifier: Apache-2.0
// machine { … }: what the table says becomes a request to whoever makes machines.

import Lua
import UAPI

extension FieldList {
  static let machine = FieldList(
    "MachineFields",
    [
      (
        "like", "string",
        "name of a file beside the scenario: a recording of a real machine, or only its question "
          + "(machine, set-up, state before the workload), or what `scripts/capture-host` wrote. "
          + "The machine boots as the real one stood; the recorded workload is not performed"
      ),
      (
        "kernel", "string",
        "the kernel generation: `\"6.1\"` (the default) or `\"5.10\"`. With `like` the other "
          + "kernel runs, on the zones, watermarks and lists of the file"
      ),
      (
        "memory", "Size",
        "memory of the machine, such as `\"4 GiB\"`; without `like`, `memory` and `nodes` it has "
          + "`\"1 GiB\"`"
      ),
      (
        "nodes", "MachineNodeFields[]",
        "the same, node by node: `{ { cpus = 1, memory = \"4 GiB\" } }`. Several nodes and several "
          + "CPUs are refused by name"
      ),
      (
        "disks", "table<string, DiskFields>",
        "the disk that files lie on: `{ ssd = { read_ahead = \"256 KiB\" } }`; without it, a "
          + "`\"pmem\"`"
      ),
      (
        "files", "table<string, Size>",
        "files: `{ name = size, … }`, besides those that `like` has; they exist and are not cached"
      ),
      (
        "directories", "table<string, integer>",
        "directories of small files: `{ name = files, … }`; they exist and no name is remembered"
      ),
      (
        "swap", "SwapFields|false",
        "`{ size = \"256 MiB\", on = \"pmem\" }`: one swap area, in place of one that `like` has; "
          + "`false`: none"
      ),
      (
        "sysctl", "table<string, integer>",
        "`{ [\"vm.swappiness\"] = 100 }`, by the kernel's names and with the values it takes; see "
          + "below"
      ),
      (
        "memory_recursiveprot", "boolean",
        "whether cgroups are mounted with that option, as systemd does: protection of a cgroup "
          + "that its children do not ask for is shared by them; `false` unless said, as in the "
          + "recordings"
      ),
      ("seed", "integer", "the seed of everything random on this machine, in place of `--seed`'s"),
      ("trace", "boolean", "`true` keeps trace events for `m:trace_events()`"),
    ],
    elsewhere: ["cpus": "belongs to a node: nodes = { { cpus = 1, memory = \"4 GiB\" } }"])

  static let machineNode = FieldList(
    "MachineNodeFields",
    [
      ("cpus", "integer", "1, the default; more are refused by name"),
      ("memory", "Size", "the node's memory"),
    ])

  static let disk = FieldList(
    "DiskFields",
    [
      (
        "kind", "string",
        "`\"pmem\"`, the default: memory outside the machine; a page is copied by the task that "
          + "needs it. File systems on other kinds are refused by name"
      ),
      (
        "read_ahead", "Size",
        "the largest readahead window, `\"128 KiB\"` unless said: read_ahead_kb"
      ),
      (
        "request", "Size",
        "the largest request, `\"1280 KiB\"` unless said: max_sectors_kb"
      ),
    ],
    elsewhere: [
      "latency": "comes with timed disks; a \"pmem\" takes as long as the copy does",
      "bandwidth": "comes with timed disks; a \"pmem\" takes as long as the copy does",
    ])
}

extension ScenarioHost {
  /// The machine that the table describes, booted.
  func makeMachine(_ call: LuaCall) throws(LuaError) -> LuaAnswer {
    let arguments = try Arguments(call, of: "machine", atMost: 1)
    try expectOutsideOfTime("machine")
    let fields = try arguments.fields(1, optional: true)
    try fields.expect(.machine)
    let like = try fields.string("like", "the name of a file that describes a machine")
    let nodes = try Self.nodes(fields, like: like)
    let trace = try fields.flag("trace") ?? false
    let sysctls = try fields.fields("sysctl").map(Sysctls.read) ?? []
    let withoutSwap = if case .boolean(false) = fields["swap"] { true } else { false }
    var request = MachineRequest(
      like: like,
      kernel: try fields.string("kernel", #"a kernel, such as "6.1""#) ?? kernel,
      nodes: nodes, seed: try fields.whole("seed", "a whole number").map(UInt64.init(bitPattern:)),
      defaultSeed: seed, disk: try Self.disk(fields), files: try Self.files(fields),
      swap: withoutSwap ? nil : try fields.swap(), withoutSwap: withoutSwap,
      sysctls: sysctls, trace: trace)
    request.directories = try Self.directories(fields)
    request.recursiveProtection = try fields.flag("memory_recursiveprot") ?? false
    switch outside.makeMachine(request) {
    case .failure(let problem): throw LuaError("machine: \(problem.message)")
    case .success(let made):
      if let problem = Sysctls.problem(sysctls, kernel: made.kernel) {
        made.backend.shutdown()
        throw LuaError("sysctl of the machine: \(problem)")
      }
      let machine = MachineObject(made, host: self, keepsTrace: trace)
      add(machine)
      return .values([.object(state.wrap(machine, as: .machine))])
    }
  }

  private static func nodes(
    _ machine: Fields, like: String?
  ) throws(LuaError) -> [MachineRequest.Node] {
    for name in ["memory", "nodes", "disks"] where like != nil && !machine[name].isNil {
      throw LuaError("machine: field '\(name)' cannot stand beside like, which says it")
    }
    let memory = try machine.size("memory")
    guard case .table(let list) = machine["nodes"] else {
      guard machine["nodes"].isNil else {
        throw machine.bad("nodes", expected: "a list of nodes, { { memory = \"4 GiB\" } }")
      }
      return [MachineRequest.Node(cpus: 1, memory: memory ?? Bytes(1 << 30))]
    }
    guard memory == nil else {
      throw LuaError("machine: memory and nodes say the same; use one of them")
    }
    guard list.count > 0 else {
      throw machine.bad(
        "nodes", expected: "a list of nodes, { { memory = \"4 GiB\" } }", got: "no node")
    }
    var nodes: [MachineRequest.Node] = []
    for n in 1...list.count {
      guard case .table(let table) = list[n] else {
        throw machine.bad("nodes", expected: "a table for each node", got: list[n].described)
      }
      let fields = Fields(table, of: "node \(n - 1) of the machine")
      try fields.expect(.machineNode)
      guard let memory = try fields.size("memory") else {
        throw fields.bad("memory", expected: #"a size such as "4 GiB""#)
      }
      let words = "a whole number of CPUs, 1 or more"
      let cpus = try fields.whole("cpus", words) ?? 1
      guard cpus >= 1, cpus <= 1 << 16 else { throw fields.bad("cpus", expected: words) }
      nodes.append(MachineRequest.Node(cpus: Int(cpus), memory: memory))
    }
    return nodes
  }

  private static func disk(_ machine: Fields) throws(LuaError) -> DiskSpec? {
    guard let disks = try machine.fields("disks")?.named("disks of the machine") else { return nil }
    guard let name = disks.names.first else {
      throw machine.bad("disks", expected: "a disk, as { ssd = {} }", got: "none")
    }
    guard disks.names.count == 1 else {
      throw LuaError(
        "\(disks.owner): \(disks.names.count) disks: several are not built yet, expected 1")
    }
    let fields = try disks.fields(name)!.named("disk '\(name)'")
    try fields.expect(.disk)
    let kinds: [DiskSpec.Kind] = [.pmem, .null, .brd, .zram]
    let expected = kinds.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    let written = try fields.string("kind", expected) ?? DiskSpec.Kind.pmem.rawValue
    guard let kind = DiskSpec.Kind(rawValue: written) else {
      throw fields.bad("kind", expected: expected)
    }
    guard kind == .pmem else {
      throw LuaError(
        "\(fields.owner): file systems on devices of kind \(written) are not built; built: pmem")
    }
    func pages(_ name: String, _ least: Int) throws(LuaError) -> Int? {
      guard let size = try fields.size(name) else { return nil }
      guard size.pages.count >= least, size.pages.count <= 1 << 20 else {
        throw fields.bad(name, expected: "\(least * 4) KiB to 4 GiB")
      }
      return size.pages.count
    }
    return DiskSpec(
      name: name, kind: kind, size: Bytes(1 << 60),
      readAheadPages: try pages("read_ahead", 0) ?? 32,
      requestPages: try pages("request", 1) ?? 320)
  }

  private static func files(_ machine: Fields) throws(LuaError) -> [FileSpec] {
    var files: [FileSpec] = []
    guard let wanted = try machine.fields("files") else { return files }
    let named = wanted.named("files of the machine")
    for name in named.names {
      let size = try named.size(name)!
      guard size.count > 0 else { throw named.bad(name, expected: "more than nothing") }
      files.append(FileSpec(name: name, size: Pages(covering: size)))
    }
    return files
  }

  private static func directories(_ machine: Fields) throws(LuaError) -> [DirectorySpec] {
    guard let wanted = try machine.fields("directories") else { return [] }
    let named = wanted.named("directories of the machine")
    let words = "how many files it has, 1 to \(1 << 22)"
    var directories: [DirectorySpec] = []
    for name in named.names {
      let files = try named.whole(name, words)!
      guard 1...(1 << 22) ~= files else { throw named.bad(name, expected: words) }
      directories.append(DirectorySpec(name: name, files: Int(files)))
    }
    return directories
  }
}
