// SPDX-License-Identifier: Apache-2.0
// The numbers of one OOM report, taken before the victim dies. OomReport+Text.swift writes them
// out.

import UAPI

struct OomReport {
  /// One line of the table of tasks.
  struct Entry {
    let pid: Int
    let command: String
    let size: ResidentPages
    let oomScoreAdjust: Int

    init(_ task: SimTask, _ size: ResidentPages) {
      pid = task.pid
      command = task.command
      self.size = size
      oomScoreAdjust = task.oomScoreAdjust
    }
  }

  /// The task that wanted memory.
  let asking: SimTask
  let gfp: GfpFlags
  let order: Int
  /// The cgroup that is full.
  let full: MemCgroup
  /// In pages; failures are charges that the limit refused.
  let usage: Int, limit: Int, failures: Int
  let swapUsage: Int, swapLimit: Int, swapFailures: Int
  /// memory.stat of the full cgroup, indexed by MemcgCounter.
  let stat: [Int]
  let tasks: [Entry]
  /// Index of the victim in `tasks`.
  let victim: Int
  let victimCgroup: MemCgroup
}
