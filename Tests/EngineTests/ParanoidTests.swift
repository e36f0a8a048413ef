// SPDX-License-Identifier: Apache-2.0
// A machine that checks all its invariants after every event: it finds nothing, and it is the same
// machine.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct ParanoidTests {
  @Test func checkingAfterEveryEventChangesNothing() throws {
    func digest(paranoid: Bool) throws -> String {
      let spec = SmallMachine.spec(files: [("data", 900), ("more", 300)])
      let machine = try SmallMachine.boot(spec, paranoid: paranoid)
      defer { machine.shutdown() }
      machine.makeCgroup("a", max: 300)
      machine.makeCgroup("a/b")
      machine.perform(
        [
          .readPages("data", 600), .enter(path: "a"), .readPages("more", 300),
          .read(file: "data", AccessPattern(.hot(pages: 200, percent: 80), count: 800)),
          .adviseFile(file: "data", .dontneed, from: 10, length: 50), .mark(name: "m"),
          .setCgroup(path: "a", settings: [.max(150)]), .reclaim(path: "a", 40),
        ], in: "a/b")
      #expect(machine.ended == nil)
      #expect(machine.eventCount > 100)
      return machine.digest.text
    }
    #expect(try digest(paranoid: true) == digest(paranoid: false))
  }

  /// Several tasks of one cgroup may be inside a charge at once.
  @Test func tasksThatReclaimAtOnceAreNoProblem() throws {
    let machine = try SmallMachine.boot(
      SmallMachine.spec(files: [("data", 900)]), paranoid: true)
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 200)
    for t in 0..<4 {
      machine.spawn(TaskSpec(name: "reader \(t)", cgroup: "a")) { handle, fiber throws(Killed) in
        for _ in 0..<3 {
          _ = try await machine.perform(.readPages("data", from: 40 * t, 500), by: handle, fiber)
        }
      }
    }
    machine.run(until: .distantFuture)
    #expect(machine.ended == nil)
    #expect(machine.vmstat(.pgsteal_file) > 0)
    #expect(machine.invariantProblems() == [])
  }
}
