// SPDX-License-Identifier: Apache-2.0
// Driving a machine from a test: operations performed to the end by a task, and what was seen
// after.

package import ReclaimEngine
import Timeline
package import UAPI

/// Carries answers out of a task's body.
private final class Answers {
  var outcomes: [Outcome] = []
}

extension Machine {
  /// Lets a new task perform the operations one after another and exit.
  /// - Parameter after: called after each operation, before the next.
  /// - Returns: what each operation answered; fewer than were asked for when the run ended.
  @discardableResult
  package func perform(
    _ operations: [Operation], as name: String = "task", in cgroup: String = "/",
    after: @escaping (Outcome) -> Void = { _ in }
  ) -> [Outcome] {
    let answers = Answers()
    spawn(TaskSpec(name: name, cgroup: cgroup)) {
      [unowned self] handle, fiber throws(Killed) in
      for operation in operations {
        let outcome = try await self.perform(operation, by: handle, fiber)
        answers.outcomes.append(outcome)
        after(outcome)
      }
    }
    run(until: .distantFuture)
    return answers.outcomes
  }

  /// A cgroup made outside of time; no limit unless one is given.
  package func makeCgroup(_ path: String, max: Int? = nil) {
    let answer = configureCgroup(path: path, settings: max.map { [.max(Pages($0))] } ?? [])
    precondition(answer == .done, "cgroup \(path): \(answer)")
  }

  package func stat(_ counter: MemcgCounter, of path: String) -> Int {
    observe().cgroup(path)![counter]
  }

  package func event(_ event: MemcgEvent, of path: String) -> Int {
    observe().cgroup(path)![event]
  }

  /// memory.current in pages.
  package func usage(of path: String) -> Int { observe().cgroup(path)!.current! }

  package func vmstat(_ counter: VmCounter) -> Int { observe()[counter] }

  /// Recorded events without their times.
  package var events: [TraceEvent] { recordedEvents.map(\.event) }
}

extension Operation {
  /// Reads `n` pages of a file in order, from page `first`.
  package static func readPages(_ file: String, from first: Int = 0, _ n: Int) -> Operation {
    .read(file: file, AccessPattern(.sequential, from: first, length: n))
  }

  /// Reads every `stride`-th page of [first, first + n).
  package static func readEvery(
    _ stride: Int, of file: String, from first: Int = 0, _ n: Int
  ) -> Operation {
    .read(file: file, AccessPattern(.sequential, from: first, length: n, stride: stride))
  }

  package static func advise(_ file: String, _ advice: FileAdvice) -> Operation {
    .adviseFile(file: file, advice, from: 0, length: nil)
  }
}
