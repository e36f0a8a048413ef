// SPDX-License-Identifier: Apache-2.0
// The OOM killer: of the tasks below a full cgroup, or of the whole machine, the largest dies
// (reference 12 §§12.5 to 12.9).
//
// Size is what a task occupies: resident pages, swapped pages, page tables, shifted by its
// oom_score_adj. A victim is not gone yet: it dies where it next returns from the kernel, and
// until then nobody else is chosen. Who asked for memory tries again meanwhile. Where that takes
// too long the reaper takes the victim's memory (OomReaper.swift).

import Timeline
import UAPI

/// How the next victim is chosen.
package enum Badness {
  /// oom_score_adj of tasks that are never chosen.
  package static let never = -1000

  /// The points of a task; nil when it must not be chosen.
  /// - Parameters:
  ///   - pages: resident and swapped pages and page tables together.
  ///   - totalPages: what the domain could hold at most.
  package static func points(pages: Int, oomScoreAdjust: Int, totalPages: Int) -> Int? {
    if oomScoreAdjust == never { return nil }
    return pages + oomScoreAdjust * (totalPages / 1000)
  }

  /// The index of the victim among the tasks in scanning order: most points win, the later one of
  /// equals. nil when nobody may be chosen.
  package static func victim(of points: [Int?]) -> Int? {
    var chosen: (index: Int, points: Int)?
    for case (let index, let own?) in points.enumerated() where own >= chosen?.points ?? .min {
      chosen = (index, own)
    }
    return chosen?.index
  }

  /// What a cgroup could hold at most: its memory, and swap unless swappiness 0 forbids it.
  package static func totalPages(max: Int, swapMax: Int, swapTotal: Int, swappiness: Int) -> Int {
    Swift.max(1, max + (swappiness == 0 ? 0 : min(swapMax, swapTotal)))
  }
}

extension Memory {
  /// mem_cgroup_out_of_memory: makes room in a full cgroup by killing, unless somebody is dying
  /// already.
  /// - Returns: whether it is worth trying again; false when nobody may be killed.
  func killInside(_ full: MemCgroup, pages: Int, gfp: GfpFlags, _ task: SimTask) -> Bool {
    full.count(.oom)
    var block = 1
    while block < pages { block *= 2 }
    if margin(full.number) >= block || task.isDying { return true }
    let candidates = livingTasks(below: full)
    if isSomebodyDying(among: candidates) { return true }
    let row = tree.rows[Int(full.number)]
    let total = Badness.totalPages(
      max: row.max, swapMax: row.swapMax, swapTotal: swap?.total ?? 0, swappiness: swappiness)
    guard let choice = choose(among: candidates, totalPages: total) else { return false }
    flushStatisticsIfDue()
    let scope = OomReport.Scope.cgroup(
      path: full.path, memory: amount(row.usage, row.max, row.failures),
      swap: amount(row.swapUsage, row.swapMax, row.swapFailures), stat: snapshot(of: full).stat)
    report(choice, scope, asking: task, gfp: gfp, order: block.trailingZeroBitCount)
    kill(choice.victim, choice.size, "out of memory in cgroup '\(full.path)'")
    if let group = groupToKill(of: choice.victim, below: full) {
      killGroup(group, butFor: choice.victim)
    }
    return true
  }

  /// out_of_memory: kills for the whole machine, unless somebody is dying already.
  /// - Returns: false when nobody may be killed.
  func killGlobally(_ request: AllocationRequest, _ thread: SimThread) -> Bool {
    if let task = thread as? SimTask, task.isDying { return true }
    // Who may not enter file systems has not been able to free much, and shall try again.
    if !request.gfp.contains(.fs) { return true }
    let candidates = livingTasks(below: tree.root)
    if isSomebodyDying(among: candidates) { return true }
    let total = node.zones.reduce(0) { $0 + $1.managed } + (swap?.total ?? 0)
    guard let choice = choose(among: candidates, totalPages: total) else { return false }
    report(
      choice, .machine(info: memoryInfo()), asking: thread, gfp: request.gfp, order: request.order)
    kill(choice.victim, choice.size, "out of memory")
    return true
  }

  /// Somebody dies already, and nobody else is chosen until the memory has come back.
  private func isSomebodyDying(among candidates: [SimTask]) -> Bool {
    candidates.contains { $0.isDying && !$0.isOomSkipped }
  }

  /// Those among whom a victim is chosen, and who it is.
  private struct Choice {
    let tasks: [OomReport.Entry]
    let index: Int
    let victim: SimTask

    var size: ResidentPages { tasks[index].size }
  }

  /// nil when nobody may be killed.
  private func choose(among candidates: [SimTask], totalPages: Int) -> Choice? {
    let tasks = candidates.map { entry($0) }
    let points = zip(tasks, candidates).map { entry, task -> Int? in
      if task.isOomSkipped { return nil }
      return Badness.points(
        pages: entry.size.resident + entry.size.swapped + entry.size.tables,
        oomScoreAdjust: entry.oomScoreAdjust, totalPages: totalPages)
    }
    return Badness.victim(of: points).map {
      Choice(tasks: tasks, index: $0, victim: candidates[$0])
    }
  }

  private func entry(_ task: SimTask) -> OomReport.Entry {
    OomReport.Entry(
      pid: task.pid, command: task.command, size: residentPages(of: task),
      oomScoreAdjust: task.oomScoreAdjust)
  }

  private func amount(_ usage: Int, _ limit: Int, _ failures: Int) -> OomReport.Amount {
    OomReport.Amount(
      usage: usage, limit: limit == MemcgRow.unlimited ? nil : limit, failures: failures)
  }

  private func report(
    _ choice: Choice, _ scope: OomReport.Scope, asking thread: SimThread, gfp: GfpFlags, order: Int
  ) {
    let task = thread as? SimTask
    say(
      OomReport(
        command: task?.command ?? thread.name, oomScoreAdjust: task?.oomScoreAdjust ?? 0, gfp: gfp,
        order: order, scope: scope, tasks: choice.tasks, victim: choice.index,
        victimCgroup: tree.cgroup(choice.victim.memcg).path))
  }

  /// The topmost cgroup with memory.oom.group between a victim's own and the full one (reference 12
  /// §12.7).
  private func groupToKill(of victim: SimTask, below full: MemCgroup) -> MemCgroup? {
    var found: MemCgroup?
    var at: MemCgroup? = tree.cgroup(victim.memcg)
    while let cgroup = at {
      if cgroup.killsWhole { found = cgroup }
      if cgroup === full { break }
      at = cgroup.parent
    }
    return found
  }

  /// The others of a group die with the victim, but for those that are never to be chosen.
  private func killGroup(_ group: MemCgroup, butFor victim: SimTask) {
    if profile.oomReport == .sizes { group.count(.oom_group_kill) }
    say("Tasks in /\(group.path) are going to be killed due to memory.oom.group set")
    for member in livingTasks(below: group)
    where member !== victim && member.oomScoreAdjust != Badness.never {
      let entry = entry(member)
      say(OomReport.killed(entry, globally: false), .error)
      kill(member, entry.size, "out of memory in cgroup '\(group.path)', whose tasks die together")
    }
  }

  /// Tasks that have begun and not ended, cgroups in pre-order, each one's tasks in order of
  /// creation.
  private func livingTasks(below top: MemCgroup) -> [SimTask] {
    tree.subtree(of: top).flatMap { cgroup in
      tasks.filter { $0.isAlive && $0.memcg == cgroup.number }
    }
  }

  private func kill(_ victim: SimTask, _ size: ResidentPages, _ reason: String) {
    tracer.markVictim(victim, size, profile.oomReport)
    node.counters.add(1, to: .oom_kill)
    tree.cgroup(victim.memcg).count(.oom_kill)
    victim.kill(reason)
    releaseKilled(victim)
    if !victim.isOomSkipped {
      reaper.start(for: victim, due: timeline.now + Nanoseconds(profile.numbers.reaperDelay))
    }
  }

  /// A task cannot go on without memory: a dying one ends here; for another one nobody can make
  /// room, and it would try for ever.
  func giveUpForMemory(_ task: SimTask) throws(Killed) {
    if task.isDying { return }
    try end(
      "task '\(task.name)' repeats a fault for ever: its memory cgroup "
        + "'\(tree.cgroup(task.memcg).path)' is full and nobody in it may be killed")
  }
}
