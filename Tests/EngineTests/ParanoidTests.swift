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

  /// A walk that asks who is protected learns nothing of how far cgroups reach, and one that others
  /// overtake knows only how far they reached: neither may be noted as how far all of them do.
  @Test(arguments: ["5.10", "6.1"], [true, false])
  func walksThatOvertakeOneAnotherLeaveWhatIsTrue(kernel: String, isProtected: Bool) throws {
    var spec = SmallMachine.spec(memory: Bytes(16 << 20), files: [("data", 6000)])
    spec.kernel = kernel
    let machine = try SmallMachine.boot(spec, paranoid: true)
    defer { machine.shutdown() }
    for path in ["a", "b", "b/c"] { machine.makeCgroup(path) }
    if isProtected { machine.perform([.setCgroup(path: "a", settings: [.low(Pages(64))])]) }
    for (t, path) in ["a", "b", "b/c"].enumerated() {
      machine.spawn(TaskSpec(name: "reader \(t)", cgroup: path)) { handle, fiber throws(Killed) in
        for _ in 0..<2 {
          _ = try await machine.perform(.readPages("data", from: 500 * t, 5000), by: handle, fiber)
        }
      }
    }
    machine.run(until: .distantFuture)
    #expect(machine.ended == nil)
    #expect(machine.vmstat(.pgsteal_kswapd) > 0)
    #expect(machine.invariantProblems() == [])
  }
}
