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
      (.info, MemoryStatText.text(stat, form)),
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

  static func killed(_ task: Entry) -> String {
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
}

extension Memory {
  /// Writes a report into the kernel's log.
  func say(_ report: OomReport) {
    for (level, text) in report.lines(profile.oomReport) { say(text, level) }
  }

  func say(_ text: String, _ level: KernelMessage.Level = .info) {
    messages.append(KernelMessage(at: timeline.now, level: level, text: text))
  }
}
