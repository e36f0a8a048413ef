// SPDX-License-Identifier: Apache-2.0
// Whatever tasks do with memory of their own, the books are right after every operation, and all of
// it is given back when they are gone (reference 18, 26).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite(.serialized) struct AreaInvariantTests {
  private final class Tally {
    var done = 0
    var killed = 0
    var problem: String?
  }

  private static let seeds = Seeds.list(_isDebugAssertConfiguration() ? 60 : 600)

  private func run(_ seed: UInt64, tasks: Int, _ tally: Tally) throws {
    var areas = RandomAreas(seed: seed)
    let machine = try SmallMachine.boot(areas.spec(), trace: .digest)
    defer { machine.shutdown() }
    for t in 0..<tasks {
      let operations = areas.operations(30)
      machine.spawn(TaskSpec(name: "task \(t)")) { handle, fiber throws(Killed) in
        for (index, operation) in operations.enumerated() {
          let outcome = try await machine.perform(operation, by: handle, fiber)
          if outcome == .done { tally.done += 1 }
          if machine.ended == nil, tally.problem == nil,
            let problem = machine.invariantProblems(inFlight: 2 * (tasks - 1)).first
          {
            tally.problem = "task \(t), operation \(index) \(operation): \(problem)"
          }
          if tasks > 1 { try await fiber.sleep(Nanoseconds(1000)) }
        }
      }
      if seed % 4 == 0 { machine.run(until: .distantFuture) }
    }
    machine.run(until: .distantFuture)
    tally.killed += machine.vmstat(.oom_kill)
    try #require(tally.problem == nil, "SEED=\(seed): \(tally.problem!)")
    if machine.ended != nil { return }
    let left = machine.observe()
    for counter in [
      VmCounter.nr_anon_pages, .nr_shmem, .nr_mapped, .nr_mlock, .nr_unevictable,
      .nr_page_table_pages,
    ] {
      #expect(left[counter] == 0, "SEED=\(seed): \(counter.name)")
    }
    #expect(machine.invariantProblems() == [], "SEED=\(seed)")
  }

  @Test func theBooksAreRightAndEverythingIsGivenBack() throws {
    let tally = Tally()
    for seed in Self.seeds { try run(seed, tasks: 1 + Int(seed % 2), tally) }
    if Self.seeds.count > 1 {
      #expect(tally.done > 10 * Self.seeds.count, "\(tally.done) operations done")
      #expect(tally.killed > 0)
    }
  }
}
