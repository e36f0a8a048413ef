// SPDX-License-Identifier: Apache-2.0
// Operations on cgroups: make one with all that leads to it, change one outside of time.

import Timeline
package import UAPI

extension Machine {
  /// mkdir -p and the writes behind it. A directory below a cgroup is paid for by that cgroup.
  func makeCgroup(_ path: String, _ settings: [CgroupSetting], _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    var parent = memory.tree.root
    for part in CgroupPath.parts(path) {
      if let known = memory.tree.child(of: parent, named: part) {
        parent = known
        continue
      }
      guard let made = memory.makeCgroup(named: part, below: parent) else {
        return .failed(.ENOMEM)
      }
      if !parent.isRoot {
        let sizes = memory.profile.objects.childCgroup
        if try await !memory.chargeObjects(parent.number, sizes, task) { return .failed(.ENOMEM) }
      }
      parent = made
    }
    try await task.spend(memory.profile.costs.makeCgroup)
    return try await write(settings, to: parent, task)
  }

  /// Writes one file after the other.
  func write(_ settings: [CgroupSetting], to cgroup: MemCgroup, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    for setting in settings {
      guard let file = try await memory.open(.of(setting), of: cgroup, task) else {
        return .failed(.ENOMEM)
      }
      try await memory.write(setting, to: cgroup, task)
      memory.close(file)
    }
    return .done
  }

  /// Writes memory.reclaim.
  func reclaim(_ cgroup: MemCgroup, _ pages: Pages, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    guard let file = try await memory.open(.reclaim, of: cgroup, task) else {
      return .failed(.ENOMEM)
    }
    let freed = try await memory.proactiveReclaim(cgroup, pages: pages.count, task)
    memory.close(file)
    return freed.map { .pages($0) } ?? .failed(.EAGAIN)
  }

  /// Writes cgroup.procs: from then on the cgroup pays for what the task touches. What it has
  /// touched stays with whoever paid for it.
  func enter(_ cgroup: MemCgroup, _ task: SimTask) async throws(Killed) -> Outcome {
    guard let file = try await memory.open(.procs, of: cgroup, task) else {
      return .failed(.ENOMEM)
    }
    switch memory.profile.cgroupMove {
    case .atOnce: break
    case .afterGracePeriod: try await memory.moves.begin(task.fiber)
    }
    try await task.spend(memory.profile.costs.enterCgroup)
    memory.pressure.change(task, to: task.pressure, in: cgroup.number)
    task.memcg = cgroup.number
    for area in task.space.areas { memory.areas.moved(area, to: cgroup.number) }
    memory.moves.end()
    memory.close(file)
    return .done
  }

  package func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome {
    var cgroup = memory.tree.root
    for part in CgroupPath.parts(path) {
      guard
        let next = memory.tree.child(of: cgroup, named: part)
          ?? memory.makeCgroup(named: part, below: cgroup)
      else { return .failed(.ENOMEM) }
      cgroup = next
    }
    if cgroup.isRoot { return .failed(.EINVAL) }
    let usage = memory.tree.rows[Int(cgroup.number)].usage
    for setting in settings {
      switch setting {
      case .max(let pages) where usage > MemcgRow.limit(pages),
        .high(let pages) where usage > MemcgRow.limit(pages):
        return .failed(.EBUSY)
      default: continue
      }
    }
    for setting in settings { memory.store(setting, in: cgroup) }
    return .done
  }
}
