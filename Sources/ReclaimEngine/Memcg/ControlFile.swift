// SPDX-License-Identifier: Apache-2.0
// The files through which a cgroup is told what to do, as kernel memory: who opens one pays for it.
//
// A task in a cgroup is charged for its open file, until a grace period after it was closed, and
// for the directory entry and the inode when it is the first to look the file up since boot, which
// stay (recordings of tasks that leave a cgroup: memory.current at the next mark).

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

extension Memory {
  /// Opens a control file.
  /// - Returns: the cgroup that pays for it, to be handed to `close(_:)`; nil when there was no memory.
  func open(_ file: ControlFile, of cgroup: MemCgroup, _ task: SimTask)
    async throws(Killed) -> UInt16?
  {
    let payer = task.memcg
    let sizes = profile.objects
    var kinds = [(SlabKind.file, sizes.structFile)]
    if cgroup.lookUp(file) {
      kinds += [(.dentry, sizes.dentry), (.plainInode, sizes.plainInode)]
    }
    for (k, (kind, size)) in kinds.enumerated() {
      if try await chargeObject(payer, size, reclaimable: kind != .file, task) {
        if !slabs.take(kind) { try endForShortage(.memory(.unmovable)) }
        continue
      }
      for (kind, size) in kinds.prefix(k) {
        gracePeriods.free(KernelObject(kind: kind, size: size, owner: payer))
      }
      return nil
    }
    // What a sequence of values is read and written through goes with the file, at once.
    guard try await chargeObject(payer, sizes.sequence, reclaimable: false, task) else {
      letGo(payer)
      return nil
    }
    return payer
  }

  /// - Parameter payer: as `open` answered it.
  func close(_ payer: UInt16) {
    objects.free(payer, profile.objects.sequence, reclaimable: false)
    letGo(payer)
  }

  private func letGo(_ payer: UInt16) {
    gracePeriods.free(
      KernelObject(kind: .file, size: profile.objects.structFile, owner: payer))
  }
}
