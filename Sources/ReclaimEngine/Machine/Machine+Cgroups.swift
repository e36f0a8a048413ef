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
      guard let made = memory.tree.makeChild(of: parent, named: part) else {
        return .failed(.ENOMEM)
      }
      if !parent.isRoot {
        let sizes = memory.profile.objects.childCgroup
        if try await !memory.chargeObjects(parent.number, sizes, task) { return .failed(.ENOMEM) }
      }
      parent = made
    }
    try await task.spend(memory.profile.costs.makeCgroup)
    for setting in settings { try await memory.write(setting, to: parent, task) }
    return .done
  }

  package func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome {
    var cgroup = memory.tree.root
    for part in CgroupPath.parts(path) {
      guard
        let next = memory.tree.child(of: cgroup, named: part)
          ?? memory.tree.makeChild(of: cgroup, named: part)
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
