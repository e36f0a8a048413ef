// SPDX-License-Identifier: Apache-2.0
// The files through which a cgroup is told what to do, as kernel memory: who opens one pays for it.
//
// A task in a cgroup is charged for its open file, until a grace period after it was closed, and
// for the directory entry and the inode when it is the first to look the file up since boot, which
// stay (recordings of tasks that leave a cgroup: memory.current at the next mark). The pages behind
// these few objects are not modelled: they come from slabs that boot has left with room in them.

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
    guard try await chargeObject(payer, sizes.structFile, reclaimable: false, task) else {
      return nil
    }
    if cgroup.lookUp(file) {
      for size in [sizes.dentry, sizes.plainInode] {
        if try await chargeObject(payer, size, reclaimable: true, task) { continue }
        letGo(payer)
        return nil
      }
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
      KernelObject(
        kind: nil, size: profile.objects.structFile, owner: payer, isReclaimable: false))
  }
}
