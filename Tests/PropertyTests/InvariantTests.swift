// SPDX-License-Identifier: Apache-2.0
// Whatever tasks do, the machine's books are right after every operation (reference 18).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite(.serialized) struct InvariantTests {
  private final class Tally {
    var operations = 0
    var accesses = 0
    var problem: String?
    var ended = 0
  }

  /// Unoptimised, each check takes twenty times as long: fewer machines then.
  static let isDebug = _isDebugAssertConfiguration()
  static let seeds = Seeds.list(isDebug ? 200 : 2500)

  /// Runs a workload's tasks; each operation is followed by a check of everything.
  private func run(_ seed: UInt64, tasks: Int, _ tally: Tally) throws {
    var workload = RandomWorkload(seed: seed)
    let machine = try SmallMachine.boot(workload.spec(), trace: .digest)
    defer { machine.shutdown() }
    // Each of the others may be between a charge and its use.
    let othersInFlight = 2 * (tasks - 1)
    for t in 0..<tasks {
      let operations = workload.operations(20)
      let files = workload.files
      machine.spawn(TaskSpec(name: "task \(t)")) { handle, fiber throws(Killed) in
        for (index, operation) in operations.enumerated() {
          _ = try await machine.perform(operation, by: handle, fiber)
          tally.operations += 1
          tally.accesses += operation.accesses(files)
          if machine.ended == nil, tally.problem == nil,
            let problem = machine.invariantProblems(inFlight: othersInFlight).first
          {
            tally.problem = "task \(t), operation \(index) \(operation): \(problem)"
          }
          // Others run in between.
          if tasks > 1 { try await fiber.sleep(Nanoseconds(1000)) }
        }
      }
      // Now and then the next one starts only when this one is gone.
      if seed % 4 == 0 { machine.run(until: .distantFuture) }
    }
    machine.run(until: .distantFuture)
    if machine.ended != nil { tally.ended += 1 }
    if tally.problem == nil {
      // Where the run was ended, each task may have been killed between a charge and its use.
      let inFlight = machine.ended == nil ? 0 : 2 * tasks
      tally.problem = machine.invariantProblems(inFlight: inFlight).first.map {
        "at the end: \($0)"
      }
    }
    try #require(tally.problem == nil, "SEED=\(seed): \(tally.problem!)")
  }

  /// At least 10⁵ operations in release: a call of `perform`, with the books checked after each.
  @Test func theBooksAreRightAfterEveryOperation() throws {
    let tally = Tally()
    for seed in Self.seeds { try run(seed, tasks: 1 + Int(seed % 3), tally) }
    if Self.seeds.count > 1 {
      #expect(Self.isDebug || tally.operations >= 100_000, "\(tally.operations) operations")
      #expect(tally.accesses >= 1_000_000, "\(tally.accesses) accesses")
      #expect(tally.ended * 100 <= Self.seeds.count, "\(tally.ended) runs ended early")
    }
  }
}
