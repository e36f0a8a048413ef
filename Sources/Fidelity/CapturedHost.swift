// SPDX-License-Identifier: Apache-2.0
// A real host as scripts/capture-host found it: zones, sysctls, swaps, block queues, cgroups.
//
// It boots with the marks, per-CPU sizes and reserves that its kernel printed. What was in use is
// in use, and nobody here owns it: it is never given back and never reclaimed. The file's own
// format is told in docs/scenario-api.md.

import ReclaimEngine
package import UAPI

package struct CapturedHost: Sendable {
  package static let format = "reclaimlua-host-1"

  private struct Wire: Decodable, Sendable {
    struct Kernel: Decodable { var release: String }
    struct Cgroups: Decodable {
      var version: Int
      /// File contents by cgroup and file name: "memory.max": "max".
      var memory: [String: [String: String]]?
    }
    struct Swap: Decodable {
      var device: String
      var kibibytes: Int
    }
    var format: String
    var kernel: Kernel
    var cpus: Int
    var lru_gen: String?
    var sysctl: [String: RecordedValue]
    var zoneinfo: [Int: RecordedConfiguration.Node]
    var buddyinfo: [String: [Int]]
    var vmstat: [String: Int]
    var swaps: [Swap]
    var queues: [String: RecordedConfiguration.Queue]
    var cgroup: Cgroups
  }

  private struct FormatOnly: Decodable { var format: String? }

  private let wire: Wire
  private let file: String
  package let kernel: String

  /// Whether a file says that it is one.
  package static func isOne(_ file: RecordingFile) -> Bool {
    guard let format = try? file.decode(FormatOnly.self).format else { return false }
    return format.hasPrefix("reclaimlua-host-")
  }

  package init(_ file: RecordingFile) throws(RecordingError) {
    let format = try file.decode(FormatOnly.self).format ?? ""
    guard format == Self.format else {
      throw RecordingError(
        file: file.path, reason: "format \"\(format)\" is not known, expected \"\(Self.format)\"")
    }
    wire = try file.decode(Wire.self)
    self.file = file.path
    let parts = wire.kernel.release.split(separator: ".")
    kernel = parts.prefix(2).joined(separator: ".")
  }

  package var cpus: Int { wire.cpus }

  /// Why the engine cannot boot such a machine, by name; nil when it can.
  /// - Parameters:
  ///   - other: the kernel that is to run in place of the host's own.
  ///   - replacingSwap: whether the scenario says what swap there is.
  package func refusal(runningOn other: String?, replacingSwap: Bool) -> String? {
    if wire.zoneinfo.count > 1 {
      return "machines of several nodes (\(wire.zoneinfo.count)) are not built"
    }
    if wire.cgroup.version != 2 {
      return "its memory controller is mounted as cgroup v1, which is not built; built: v2"
    }
    if other == nil {
      if KernelProfile.named(kernel) == nil {
        let built = KernelProfile.all.map(\.name)
        return "kernel \(kernel) is not built; built: \(built.joined(separator: ", ")). "
          + "Say kernel = \"\(built.last!)\" beside like to have that one run on this machine"
      }
      if let mode = wire.lru_gen, mode != "0", mode != "0x0000" {
        return "the multi-generational LRU is not built; built: classic"
      }
    }
    if !replacingSwap, let swap = wire.swaps.first {
      return "swap on \(swap.device) is not built; say swap = { size = "
        + "\"\(swap.kibibytes >> 10) MiB\", on = \"pmem\" } in its place, or swap = false"
    }
    return nil
  }

  /// Describes the machine; files and swap are the scenario's.
  package func spec(kernel other: String?) throws(RecordingError) -> MachineSpec {
    guard let node = wire.zoneinfo[0] else {
      throw RecordingError(file: file, reason: "zoneinfo has no node 0")
    }
    var zones = try node.zones(number: 0, kernel: kernel) { name throws(RecordingError) in
      guard let free = wire.buddyinfo[name] else {
        throw RecordingError(file: file, reason: "buddyinfo has no node \(name)")
      }
      return free
    }
    // What was on the host's per-CPU lists is in use here, as all the rest is.
    for k in zones.indices { zones[k].state?.perCPU = 0 }
    let queue = wire.queues.keys.sorted().first.map { wire.queues[$0]! }
    let disk = DiskSpec(
      name: "disk", kind: .pmem, size: Bytes(1 << 60),
      readAheadPages: (queue?.read_ahead_kb ?? 128) / 4,
      requestPages: max((queue?.max_sectors_kb ?? 1280) / 4, 1))
    return MachineSpec(
      kernel: kernel, nodes: [NodeSpec(zones: zones)], disks: [disk],
      sysctls: wire.sysctl.keys.sorted().compactMap { name in
        wire.sysctl[name]!.number.map { (name: name, value: $0) }
      },
      vmstat: VmCounter.allCases.compactMap { counter in
        // The lists are empty, as nobody here owns what the host had on them.
        wire.vmstat[counter.name].map { (counter.name, $0) }
      })
  }

  /// Its cgroups, parents first, with those of their files that are not as mkdir leaves them.
  package var cgroups: [CgroupSpec] {
    (wire.cgroup.memory ?? [:]).sorted { $0.key < $1.key }.map { path, files in
      CgroupSpec(path: path, settings: Self.settings(files))
    }
  }

  private static func settings(_ files: [String: String]) -> [CgroupSetting] {
    /// nil: as it was made.
    func pages(_ file: String, unless usual: String) -> Pages?? {
      guard let text = files[file], text != usual else { return nil }
      return .some(UInt64(text).map { Bytes($0).pages })
    }
    var settings: [CgroupSetting] = []
    if let value = pages("memory.min", unless: "0") { settings.append(.min(value)) }
    if let value = pages("memory.low", unless: "0") { settings.append(.low(value)) }
    if let value = pages("memory.high", unless: "max") { settings.append(.high(value)) }
    if let value = pages("memory.max", unless: "max") { settings.append(.max(value)) }
    if let value = pages("memory.swap.high", unless: "max") { settings.append(.swapHigh(value)) }
    if let value = pages("memory.swap.max", unless: "max") { settings.append(.swapMax(value)) }
    if files["memory.oom.group"] == "1" { settings.append(.oomGroup(true)) }
    return settings
  }
}
