// SPDX-License-Identifier: Apache-2.0
// What the OOM killer reports: who asked, what is full, the tasks, and which of them dies.
//
// Plain values, taken before the victim dies. OomReport+Text.swift writes them out.

/// What the OOM killer tells (reference 15 §15.3; the fields of memory.stat are recorded).
package enum OomReportForm: String, Sendable {
  /// mark_victim names the pid, memory.stat knows no kernel memory; up to 5.10.
  case pidOnly
  /// mark_victim tells what the report does, memory.stat counts kernel memory; 6.1.
  case sizes
}

/// The size of a task as the kernel counts it, in pages.
package struct ResidentPages: Sendable {
  package var virtual: Int, anonymous: Int, file: Int, shmem: Int, swapped = 0, tables: Int

  package init(virtual: Int, anonymous: Int, file: Int, shmem: Int, tables: Int) {
    self.virtual = virtual
    self.anonymous = anonymous
    self.file = file
    self.shmem = shmem
    self.tables = tables
  }

  package var resident: Int { anonymous + file + shmem }
}

package struct OomReport: Sendable {
  /// One line of the table of tasks.
  package struct Entry: Sendable {
    package var pid: Int
    package var command: String
    package var size: ResidentPages
    package var oomScoreAdjust: Int

    package init(pid: Int, command: String, size: ResidentPages, oomScoreAdjust: Int) {
      self.pid = pid
      self.command = command
      self.size = size
      self.oomScoreAdjust = oomScoreAdjust
    }
  }

  /// What a limit is set on, in pages.
  package struct Amount: Sendable {
    package var usage: Int
    /// nil: nobody has set one.
    package var limit: Int?
    /// Charges that the limit refused.
    package var failures: Int

    package init(usage: Int, limit: Int?, failures: Int) {
      self.usage = usage
      self.limit = limit
      self.failures = failures
    }
  }

  /// What is out of memory.
  package enum Scope: Sendable {
    /// A cgroup, with its memory.stat indexed by MemcgCounter.
    case cgroup(path: String, memory: Amount, swap: Amount, stat: [Int])
    /// The whole machine, with what it says about its memory, line by line.
    case machine(info: [String])
  }

  /// Who wanted memory, and how.
  package var command: String
  package var oomScoreAdjust: Int
  package var gfp: GfpFlags
  package var order: Int
  package var scope: Scope
  package var tasks: [Entry]
  /// Index of the victim in `tasks`, and its cgroup.
  package var victim: Int
  package var victimCgroup: String

  package init(
    command: String, oomScoreAdjust: Int, gfp: GfpFlags, order: Int, scope: Scope, tasks: [Entry],
    victim: Int, victimCgroup: String
  ) {
    self.command = command
    self.oomScoreAdjust = oomScoreAdjust
    self.gfp = gfp
    self.order = order
    self.scope = scope
    self.tasks = tasks
    self.victim = victim
    self.victimCgroup = victimCgroup
  }
}
