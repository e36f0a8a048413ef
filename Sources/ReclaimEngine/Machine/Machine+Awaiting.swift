// SPDX-License-Identifier: Apache-2.0
// Tasks that wait to be told: by a trigger on memory.pressure, or by a change of memory.events
// (reference 28 §28.5). An oomd, a senpai, a supervisor are such tasks.

import Timeline
import UAPI

extension Machine {
  func awaitPressure(of cgroup: MemCgroup, _ trigger: PressureTrigger, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    if trigger.problem != nil { return .failed(.EINVAL) }
    let known = task.triggers.first { $0.memcg == cgroup.number && $0.trigger == trigger }
    let state = known?.state ?? memory.pressure.newState(of: cgroup.number, trigger)
    if known == nil { task.triggers.append((cgroup.number, trigger, state)) }
    try task.leaveKernel()
    memory.setRunnable(false, task)
    try await memory.pressure.wait(for: trigger, of: cgroup.number, state, task.fiber)
    memory.setRunnable(true, task)
    return .done
  }

  func awaitEvents(of cgroup: MemCgroup, _ task: SimTask) async throws(Killed) -> Outcome {
    let at = task.seenEvents.firstIndex { $0.memcg == cgroup.number }
    let seen = at.map { task.seenEvents[$0].events } ?? cgroup.events
    try task.leaveKernel()
    memory.setRunnable(false, task)
    while cgroup.events == seen, cgroup.isOnline { try await cgroup.changed.wait(task.fiber) }
    memory.setRunnable(true, task)
    if let at { task.seenEvents.remove(at: at) }
    task.seenEvents.append((cgroup.number, cgroup.events))
    return cgroup.isOnline ? .done : .failed(.ENOENT)
  }
}
