// SPDX-License-Identifier: Apache-2.0
// The program that performed the recorded workloads, as the OOM killer sees it.
//
// Every task is a process of it. What it occupies before its workload maps anything was read out of
// the OOM reports of 6.1 and 5.10; that it has had 59 faults since its counts were settled makes
// three reports of tasks that were killed at different moments right to the page.

import UAPI

extension ProgramSpec {
  /// - Parameter tablePages: pages of the tables it keeps for zipf patterns.
  static func recordingDriver(tablePages: Int) -> ProgramSpec {
    var program = ProgramSpec()
    program.command = "init"
    program.virtual = 16_964 + tablePages
    program.anonymous = 372 + tablePages
    program.file = 203
    program.shmem = 1
    program.tables = 40 + tablePages / 512
    program.unsettledFaults = 59
    program.locked = 370 + tablePages
    program.kernel = 44
    return program
  }
}
