// SPDX-License-Identifier: Apache-2.0
// A recorded machine as a MachineSpec: its zones, free blocks, lists, disks, files and counters as
// they stood at `base`.

internal import ReclaimEngine
internal import Timeline
package import UAPI

package enum RecordedMachine {
  /// Kernel generations that the engine has.
  private static let builtKernels = KernelProfile.all.map(\.name)
  /// What `base` shows of the pages that drop_caches could not free, on 5.10 and 6.1: 18 pages of
  /// the block device, of which the three after the last full batch of 15 wait in the
  /// deactivate_file batch (fidelity/starting-state.md).
  private static let blockDevicePages = 18
  private static let pendingDeactivateFile = 3
  /// Recorded programs store one word of eight bytes to a page of zeros: a few bytes for the word,
  /// for runs of zeros and around them. Assumed; no shown recording has zram.
  private static let compressedPage = 40

  /// Describes the machine at `base`, the files of the set-up included. Nothing here asks what the
  /// engine can boot.
  /// - Parameter files: what the set-up made, in order (WorkloadProgram.files).
  package static func spec(
    of question: RecordingQuestion, files: [FileSpec], directories: [DirectorySpec] = []
  ) throws(RecordingError) -> MachineSpec {
    var nodes: [NodeSpec] = []
    for number in question.machine.zoneinfo.keys.sorted() {
      nodes.append(
        NodeSpec(
          zones: try question.machine.zoneinfo[number]!.zones(
            number: number, kernel: question.kernel, madeFiles: !files.isEmpty,
            hasDropped: !directories.isEmpty,
            reclaimableSlabs: question.base.vmstat["nr_slab_reclaimable"],
            furtherTasks: question.scenario.tasks.count - 1
          ) { name throws(RecordingError) in
            guard let free = question.base.buddyinfo[name] else {
              throw RecordingError(
                file: question.file, reason: "mark `base` has no buddyinfo of node \(name)")
            }
            return free
          }, lists: lists(of: number, question),
          freeObjects: freeObjects(question, directories)))
    }
    let base = question.base
    var spec = MachineSpec(
      kernel: question.kernel, nodes: nodes, disks: disks(question), files: files,
      directories: directories,
      sysctls: sysctls(question),
      vmstat: VmCounter.allCases.compactMap { counter in
        base.vmstat[counter.name].map { (counter.name, $0) }
      },
      bootedAt: question.workloadStart)
    spec.madeThenDropped = true
    return spec
  }

  /// Why the engine cannot be this kernel, by name; nil when it can.
  package static func kernelRefusal(of question: RecordingQuestion) -> String? {
    if !builtKernels.contains(question.kernel) {
      return "kernel \(question.kernel) is not built; built: "
        + builtKernels.joined(separator: ", ")
    }
    if question.lru == .mglru { return "the multi-generational LRU is not built; built: classic" }
    return nil
  }

  /// Why the engine cannot boot such a machine, by name; nil when it can.
  /// - Parameter kernel: the kernel that is to run in place of the recorded one.
  package static func refusal(
    of question: RecordingQuestion, runningOn kernel: String? = nil
  ) -> String? {
    if kernel == nil, let refusal = kernelRefusal(of: question) { return refusal }
    let nodes = question.machine.zoneinfo.count
    if nodes > 1 { return "machines of several nodes (\(nodes)) are not built" }
    for device in question.machine.devices ?? [] {
      if device.use == "fs", device.kind != DiskSpec.Kind.pmem.rawValue {
        return "file systems on devices of kind \(device.kind) are not built; built: pmem"
      }
    }
    return nil
  }

  private static func lists(of node: Int, _ question: RecordingQuestion) -> NodeListState {
    let counters = question.base.nodes[node] ?? [:]
    var lists = NodeListState()
    lists.inactiveAnon = counters["nr_inactive_anon"] ?? 0
    lists.activeAnon = counters["nr_active_anon"] ?? 0
    lists.inactiveFile = counters["nr_inactive_file"] ?? 0
    lists.activeFile = counters["nr_active_file"] ?? 0
    lists.unevictable = counters["nr_unevictable"] ?? 0
    if lists.inactiveFile == blockDevicePages, ["5.10", "6.1"].contains(question.kernel) {
      lists.pendingDeactivateFile = pendingDeactivateFile
    }
    return lists
  }

  /// Objects free in slabs of tree nodes at `base`. What is read out says only how many there are
  /// in all; at which page of a file the first slab comes from zone DMA (traces of fallbacks), and
  /// how many slabs a file takes (nr_slab_reclaimable of the marks), says how many of the first
  /// slab were free: 13 mostly, and otherwise where a file was made, or swap was activated.
  ///
  /// Of dentries and inodes some are free always; where a directory of files was made and dropped,
  /// five slabs of inodes are. Where slabs were read out, what is free in them is known, but for
  /// the slabs that the CPU holds, of which all objects are said to be in use.
  private static func freeObjects(
    _ question: RecordingQuestion, _ directories: [DirectorySpec]
  ) -> FreeObjects {
    let hasSwap = (question.machine.devices ?? []).contains { $0.use == "swap" }
    let madeFiles = question.scenario.setup.contains { $0.hasPrefix("mkfile ") }
    let treeNodes =
      switch (question.kernel, madeFiles, hasSwap) {
      case ("5.10", _, true): 12
      case ("5.10", true, false) where directories.isEmpty: 3
      case ("6.1", true, true): 8
      default: 13
      }
    var free = FreeObjects(
      treeNodes: treeNodes, dentries: 13, inodes: directories.isEmpty ? 6 : 63)
    guard let slabs = question.base.slabinfo, !directories.isEmpty,
      let held = slabsHeld[question.kernel]
    else { return free }
    func known(_ cache: String, _ held: Int) -> Int? {
      slabs[cache].map { $0.total - $0.active + held * $0.perslab }
    }
    free.dentries = known("dentry", held.dentry) ?? free.dentries
    free.inodes = known("ext4_inode_cache", held.inode) ?? free.inodes
    free.inodeSecurity = known("lsm_inode_cache", held.security) ?? 0
    return free
  }

  /// Slabs without an object in use that the CPU holds after the names of a directory were dropped:
  /// read off the number of slabs that the first 10 000 names need. Two inodes are in use then.
  private static let slabsHeld: [String: (dentry: Int, inode: Int, security: Int)] = [
    "5.10": (12, 7, 0), "6.1": (3, 2, 3),
  ]

  private static func disks(_ question: RecordingQuestion) -> [DiskSpec] {
    (question.machine.devices ?? []).enumerated().compactMap { position, device in
      guard let kind = DiskSpec.Kind(rawValue: device.kind) else { return nil }
      let name = device.dev.split(separator: "/").last.map(String.init) ?? device.dev
      let queue = question.machine.queues?[name]
      let written =
        question.scenario.devices.indices.contains(position)
        ? question.scenario.devices[position] : ""
      func parameter(_ key: String) -> Int? {
        let words = written.split(separator: " ")
        return words.first { $0.hasPrefix(key + "=") }.flatMap { Int($0.dropFirst(key.count + 1)) }
      }
      return DiskSpec(
        name: name, kind: kind, use: device.use == "swap" ? .swap : .fileSystem,
        size: Bytes(UInt64(device.mib.number ?? 0) << 20),
        readAheadPages: (queue?.read_ahead_kb ?? 128) / 4,
        requestPages: (queue?.max_sectors_kb ?? 1280) / 4,
        latency: Nanoseconds(UInt64(parameter("ns") ?? 100_000)), depth: parameter("depth") ?? 64,
        queueRequests: queue?.nr_requests ?? 64, compressedPage: compressedPage)
    }
  }

  /// What was read out at `base` in order of the names, then what the scenario set besides. Values
  /// that are no single number (vm.lowmem_reserve_ratio) show in the zones.
  private static func sysctls(_ question: RecordingQuestion) -> [(name: String, value: Int)] {
    let read = question.machine.sysctl
    var sysctls = read.keys.sorted().compactMap { name in
      read[name]?.number.map { (name: name, value: $0) }
    }
    for setting in question.scenario.sysctls where read[setting.name] == nil {
      if let value = setting.value.number { sysctls.append((setting.name, value)) }
    }
    return sysctls
  }
}
