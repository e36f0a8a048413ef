// SPDX-License-Identifier: Apache-2.0
// The OOM report in the kernel's words, line by line, but for the call trace and registers: they
// tell about code that does not exist here.
//
// The engine writes text here because the report is what people compare and search for; its words
// and columns are part of what a kernel generation does.

import UAPI

extension OomReport {
  /// The lines with their levels, in order.
  func lines(_ form: OomReportForm) -> [(KernelMessage.Level, String)] {
    let chosen = tasks[victim]
    var lines: [(KernelMessage.Level, String)] = [
      (
        .warning,
        "\(asking.command) invoked oom-killer: gfp_mask=0x\(String(gfp.number, radix: 16))"
          + "(\(gfp.text)), order=\(order), oom_score_adj=\(asking.oomScoreAdjust)"
      ),
      (
        .info,
        "memory: usage \(4 * usage)kB, limit \(Self.kilobytes(limit))kB, failcnt \(failures)"
      ),
      (
        .info,
        "swap: usage \(4 * swapUsage)kB, limit \(Self.kilobytes(swapLimit))kB, "
          + "failcnt \(swapFailures)"
      ),
      (.info, "Memory cgroup stats for \(Self.path(full)):"),
      (.info, statLines(form)),
      (.info, "Tasks state (memory values in pages):"),
      (
        .info,
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
      ),
    ]
    lines += tasks.map { (.info, Self.row($0)) }
    lines.append(
      (
        .info,
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
          + "oom_memcg=\(Self.path(full)),task_memcg=\(Self.path(victimCgroup)),"
          + "task=\(chosen.command),pid=\(chosen.pid),uid=0"
      ))
    lines.append((.error, Self.killed(chosen)))
    return lines
  }

  private static func killed(_ task: Entry) -> String {
    let size = task.size
    return "Memory cgroup out of memory: Killed process \(task.pid) (\(task.command)) "
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

  /// A limit that nobody set is the largest number of pages.
  private static func kilobytes(_ pages: Int) -> Int {
    pages == MemcgRow.unlimited ? (Int.max >> 12) * 4 : 4 * pages
  }

  private static func path(_ cgroup: MemCgroup) -> String {
    cgroup.isRoot ? "/" : "/\(cgroup.path)"
  }

  // MARK: memory.stat

  private func statLines(_ form: OomReportForm) -> String {
    Self.statFields(form).map { "\($0) \(value($0))" }.joined(separator: "\n")
  }

  /// What memory.stat prints: amounts of memory in bytes. Items of which this machine has nothing
  /// are 0.
  private func value(_ field: String) -> Int {
    if field == "slab" { return value("slab_reclaimable") + value("slab_unreclaimable") }
    guard let counter = MemcgCounter.allCases.first(where: { $0.name == field }) else { return 0 }
    return stat[counter.rawValue] * (counter.isPages ? 4096 : 1)
  }

  private static func statFields(_ form: OomReportForm) -> [String] {
    let lists = [
      "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
      "slab_reclaimable", "slab_unreclaimable", "slab", "workingset_refault_anon",
      "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file",
      "workingset_restore_anon", "workingset_restore_file", "workingset_nodereclaim",
    ]
    let rest = [
      "pgactivate", "pgdeactivate", "pglazyfree", "pglazyfreed", "thp_fault_alloc",
      "thp_collapse_alloc",
    ]
    switch form {
    case .pidOnly:
      return [
        "anon", "file", "kernel_stack", "percpu", "sock", "shmem", "file_mapped", "file_dirty",
        "file_writeback", "anon_thp",
      ] + lists + ["pgfault", "pgmajfault", "pgrefill", "pgscan", "pgsteal"] + rest
    case .sizes:
      return [
        "anon", "file", "kernel", "kernel_stack", "pagetables", "sec_pagetables", "percpu", "sock",
        "vmalloc", "shmem", "file_mapped", "file_dirty", "file_writeback", "swapcached",
        "anon_thp", "file_thp", "shmem_thp",
      ] + lists
        + [
          "pgscan", "pgsteal", "pgscan_kswapd", "pgscan_direct", "pgsteal_kswapd",
          "pgsteal_direct", "pgfault", "pgmajfault", "pgrefill",
        ] + rest
    }
  }
}

extension Memory {
  /// Writes a report into the kernel's log.
  func say(_ report: OomReport) {
    for (level, text) in report.lines(profile.oomReport) {
      messages.append(KernelMessage(at: timeline.now, level: level, text: text))
    }
  }
}
