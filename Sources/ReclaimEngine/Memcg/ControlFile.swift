// SPDX-License-Identifier: Apache-2.0
// The files through which a cgroup is told what to do, as kernel memory: who opens one pays for it.
//
// A task in a cgroup is charged for its open file, until a grace period after it was closed, and
// for the dentry and the inode when nobody remembers the file, which stay (recordings of tasks that
// leave a cgroup: memory.current at the next mark) and are what a shrinker finds when the cgroup is
// reclaimed. The pages behind these few objects are not modelled: they come from slabs that boot
// has left with room in them.

import Timeline
import UAPI

/// A control file of a cgroup that can be written.
struct ControlFile: OptionSet {
  let rawValue: UInt16

  static let procs = ControlFile(rawValue: 1 << 0)
  static let reclaim = ControlFile(rawValue: 1 << 1)
  static let max = ControlFile(rawValue: 1 << 2)
  static let high = ControlFile(rawValue: 1 << 3)
  static let low = ControlFile(rawValue: 1 << 4)
  static let min = ControlFile(rawValue: 1 << 5)
  static let swapMax = ControlFile(rawValue: 1 << 6)
  static let swapHigh = ControlFile(rawValue: 1 << 7)
  static let oomGroup = ControlFile(rawValue: 1 << 8)

  static func of(_ setting: CgroupSetting) -> ControlFile {
    switch setting {
    case .max: .max
    case .high: .high
    case .low: .low
    case .min: .min
    case .swapMax: .swapMax
    case .swapHigh: .swapHigh
    case .oomGroup: .oomGroup
    }
  }
}

/// A control file in use: who pays for it, and the number of its name, 0 for one of the root's.
struct OpenControlFile {
  fileprivate let payer: UInt16
  fileprivate let name: UInt32
}

/// Whose control file has a name that a cgroup pays for. What the root looked up is among what boot
/// left.
struct ControlFiles {
  /// In the order of their names, which are given in turn.
  private var known: [(name: UInt32, cgroup: UInt16)] = []

  fileprivate mutating func remember(
    _ file: ControlFile, of cgroup: MemCgroup, payer: UInt16, _ names: NameTable
  ) {
    let name = names.reserve(1)
    if name == 0 { return }
    names.remember(name, memcg: payer, .cgroup)
    cgroup.remember(file, as: name)
    known.append((name, cgroup.number))
  }

  /// The name has been pruned: whoever opens the file next looks it up again.
  mutating func forget(_ name: UInt32, _ tree: MemcgTree) {
    var from = 0, to = known.count
    while from < to {
      let middle = (from + to) / 2
      if known[middle].name < name { from = middle + 1 } else { to = middle }
    }
    guard from < known.count, known[from].name == name else { return }
    tree.cgroup(known[from].cgroup).forget(name)
    known.remove(at: from)
  }
}

extension Memory {
  /// Opens a control file.
  /// - Returns: what is to be handed to `close(_:)`; nil when there was no memory.
  func open(_ file: ControlFile, of cgroup: MemCgroup, _ task: SimTask)
    async throws(Killed) -> OpenControlFile?
  {
    let payer = task.memcg
    let sizes = profile.objects
    guard try await chargeObject(payer, sizes.structFile, reclaimable: false, task) else {
      return nil
    }
    if cgroup.lookUp(file) {
      for size in [sizes.dentry, sizes.plainInode] {
        if try await chargeObject(payer, size, reclaimable: true, task) { continue }
        letGo(payer)
        return nil
      }
      if payer != MemcgTree.rootNumber {
        controlFiles.remember(file, of: cgroup, payer: payer, names)
      }
    }
    // What a sequence of values is read and written through goes with the file, at once.
    guard try await chargeObject(payer, sizes.sequence, reclaimable: false, task) else {
      letGo(payer)
      return nil
    }
    return OpenControlFile(payer: payer, name: cgroup.name(of: file))
  }

  func close(_ file: OpenControlFile) {
    objects.free(file.payer, profile.objects.sequence, reclaimable: false)
    letGo(file.payer)
    if names.has(file.name) { names.letGo(file.name, .cgroup) }
  }

  private func letGo(_ payer: UInt16) {
    gracePeriods.free(
      KernelObject(
        kind: nil, size: profile.objects.structFile, owner: payer, isReclaimable: false))
  }
}
