// SPDX-License-Identifier: Apache-2.0
// Operations on cgroups: make one with all that leads to it, change one outside of time.

import Timeline
package import UAPI

extension Machine {
  /// Operations that name a cgroup.
  func performOnCgroup(_ operation: Operation, _ task: SimTask) async throws(Killed) -> Outcome {
    switch operation {
    case .makeCgroup(let path, let settings):
      noteOperation(1, task, [])
      return try await makeCgroup(path, settings, task)
    case .setCgroup(let path, let settings):
      noteOperation(2, task, [])
      guard let cgroup = memory.tree.find(path), !cgroup.isRoot else { return .failed(.ENOENT) }
      return try await write(settings, to: cgroup, task)
    case .removeCgroup(let path):
      guard let cgroup = memory.tree.find(path) else { return .failed(.ENOENT) }
      if cgroup.isRoot { return .failed(.EBUSY) }
      noteOperation(40, task, [UInt64(cgroup.number)])
      try await task.spend(memory.profile.costs.makeCgroup)
      // Another task may have been faster.
      return cgroup.isOnline ? memory.remove(cgroup) : .failed(.ENOENT)
    case .enter(let path):
      guard let cgroup = memory.tree.find(path) else { return .failed(.ENOENT) }
      noteOperation(3, task, [UInt64(cgroup.number)])
      return try await enter(cgroup, task)
    case .reclaim(let path, let pages, let swappiness):
      guard memory.profile.memoryReclaim != .absent, let cgroup = memory.tree.find(path),
        !cgroup.isRoot
      else { return .failed(.ENOENT) }
      // A word behind the amount is nothing that this file understands.
      if swappiness != nil { return .failed(.EINVAL) }
      noteOperation(7, task, [UInt64(cgroup.number), UInt64(max(pages.count, 0))])
      return try await reclaim(cgroup, pages, task)
    case .awaitPressure(let path, let trigger):
      guard let cgroup = memory.tree.find(path) else { return .failed(.ENOENT) }
      noteOperation(41, task, [UInt64(cgroup.number), trigger.threshold.count])
      return try await awaitPressure(of: cgroup, trigger, task)
    case .awaitEvents(let path):
      guard let cgroup = memory.tree.find(path), !cgroup.isRoot else { return .failed(.ENOENT) }
      noteOperation(42, task, [UInt64(cgroup.number)])
      return try await awaitEvents(of: cgroup, task)
    default: preconditionFailure("not an operation on a cgroup: \(operation)")
    }
  }

  /// mkdir -p and the writes behind it. A directory below a cgroup is paid for by that cgroup.
  func makeCgroup(_ path: String, _ settings: [CgroupSetting], _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    var parent = memory.tree.root
    for part in CgroupPath.parts(path) {
      // Whoever was made or found before may have been removed while this one waited.
      guard parent.isOnline else { return .failed(.ENOENT) }
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
      guard cgroup.isOnline else { return .failed(.ENOENT) }
      guard let file = try await memory.open(.of(setting), of: cgroup, task) else {
        return .failed(.ENOMEM)
      }
      guard cgroup.isOnline else {
        memory.close(file)
        return .failed(.ENODEV)
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
    guard cgroup.isOnline else {
      memory.moves.end()
      memory.close(file)
      return .failed(.ENODEV)
    }
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
