// SPDX-License-Identifier: Apache-2.0
// A recorded workload as a program: per task a list of steps, each knowing where in the recording
// it was written.

package import UAPI

/// Where an op stands: it says so in every refusal.
package struct OpSite: Sendable, Equatable, CustomStringConvertible {
  package let task: String
  /// Position in the task's list, from 0, as in the recording's `ops`.
  package let index: Int
  package let text: String

  package var description: String { "task \(task), op \(index) `\(text)`" }
}

package struct WorkloadStep: Sendable {
  package indirect enum Action: Sendable {
    case perform(Operation)
    case loop(times: Int, [WorkloadStep])
    /// Starts parked tasks.
    case spawn([String])
    /// Sleeps until the task has exited.
    case wait(String)
    /// A real kernel performs it, this one does not; the text says what is missing.
    case unsupported(String)
  }
  package let site: OpSite
  package let action: Action
}

package struct WorkloadProgram: Sendable {
  package struct Task: Sendable {
    package let name: String
    package let steps: [WorkloadStep]
  }
  /// In the order of definition; `main` is the one that runs first.
  package let tasks: [Task]
  /// What the set-up made: uncached files that exist when `main` starts.
  package let files: [FileSpec]
  /// Directories of files that it made.
  package let directories: [DirectorySpec]
  /// Pages of the tables that the workload program keeps for zipf patterns, 8 bytes a rank, one
  /// table for each number of ranks: mapped before any task runs, they move its areas downwards.
  package let tablePages: Int
  /// Ops of the set-up that cannot be reproduced.
  package let setupRefusals: [String]

  /// Why the workload cannot be performed as a whole: the first op that is not built; nil when all
  /// are.
  package var refusal: String? {
    setupRefusals.first ?? tasks.lazy.compactMap { Self.refusal(in: $0.steps) }.first
  }

  private static func refusal(in steps: [WorkloadStep]) -> String? {
    for step in steps {
      switch step.action {
      case .unsupported(let why): return "\(step.site): \(why)"
      case .loop(_, let body):
        if let refusal = refusal(in: body) { return refusal }
      default: continue
      }
    }
    return nil
  }
}
