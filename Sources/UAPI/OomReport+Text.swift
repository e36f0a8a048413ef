// SPDX-License-Identifier: Apache-2.0
// The OOM report in the kernel's words, line by line, but for the call trace and registers: they
// tell about code that does not exist here.

extension OomReport {
  package typealias Line = (KernelMessage.Level, String)

  /// The lines with their levels, in order.
  package func lines(_ form: OomReportForm) -> [Line] {
    [(.warning, invocation)] + scopeLines(form) + table
      + [(.info, choice), (.error, Self.killed(tasks[victim], globally: isGlobal))]
  }

  /// Who asked for what could not be had.
  private var invocation: String {
    "\(command) invoked oom-killer: gfp_mask=0x\(String(gfp.number, radix: 16))(\(gfp.text)), "
      + "order=\(order), oom_score_adj=\(oomScoreAdjust)"
  }

  private func scopeLines(_ form: OomReportForm) -> [Line] {
    switch scope {
    case .machine(let info): return info.map { (.warning, $0) }
    case .cgroup(let path, let memory, let swap, let stat):
      let lines = [
        "memory: \(memory.text)", "swap: \(swap.text)",
        "Memory cgroup stats for \(Self.absolute(path)):", MemoryStatText.text(stat, form),
      ]
      return lines.map { (.info, $0) }
    }
  }

  /// The tasks among which the victim was chosen.
  private var table: [Line] {
    let head = [
      "Tasks state (memory values in pages):",
      "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
    ]
    return (head + tasks.map(Self.row)).map { (.info, $0) }
  }

  private var isGlobal: Bool { if case .machine = scope { true } else { false } }

  private var choice: String {
    let constraint = isGlobal ? "CONSTRAINT_NONE" : "CONSTRAINT_MEMCG"
    let domain =
      switch scope {
      case .cgroup(let path, _, _, _): "oom_memcg=\(Self.absolute(path))"
      case .machine: "global_oom"
      }
    return "oom-kill:constraint=\(constraint),nodemask=(null),cpuset=/,mems_allowed=0,\(domain),"
      + "task_memcg=\(Self.absolute(victimCgroup)),task=\(tasks[victim].command),"
      + "pid=\(tasks[victim].pid),uid=0"
  }

  /// The victim, or another one that dies with it.
  package static func killed(_ task: Entry, globally: Bool) -> String {
    let size = task.size
    let reason = globally ? "Out of memory" : "Memory cgroup out of memory"
    return "\(reason): Killed process \(task.pid) (\(task.command)) "
      + "total-vm:\(4 * size.virtual)kB, anon-rss:\(4 * size.anonymous)kB, "
      + "file-rss:\(4 * size.file)kB, shmem-rss:\(4 * size.shmem)kB, UID:0 "
      + "pgtables:\(4 * size.tables)kB oom_score_adj:\(task.oomScoreAdjust)"
  }

  private static func row(_ task: Entry) -> String {
    let size = task.size
    return "[\(pad(task.pid, 7))] \(pad(0, 5)) \(pad(task.pid, 5)) \(pad(size.virtual, 8)) "
      + "\(pad(size.resident, 8)) \(pad(4096 * size.tables, 8)) \(pad(size.swapped, 8)) "
      + "\(pad(task.oomScoreAdjust, 13)) \(task.command)"
  }

  private static func pad(_ number: Int, _ width: Int) -> String {
    let text = "\(number)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func absolute(_ path: String) -> String { path == "/" ? path : "/" + path }
}

extension OomReport.Amount {
  /// A limit that nobody set is the largest number of pages.
  fileprivate var text: String {
    let kilobytes = limit.map { 4 * $0 } ?? (Int.max >> 12) * 4
    return "usage \(4 * usage)kB, limit \(kilobytes)kB, failcnt \(failures)"
  }
}
