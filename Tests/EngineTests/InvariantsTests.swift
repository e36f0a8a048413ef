// SPDX-License-Identifier: Apache-2.0
// The checks themselves: books that are wrong by one are told, in words.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct InvariantsTests {
  /// What the checks say of a machine that worked and was then tampered with.
  private func problems(after tamper: (Memory, _ memcg: UInt16) -> Void) throws -> [String] {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    // A free block keeps its order where a folio keeps its cgroup: numbers above 10 are cgroups.
    for k in 0..<10 { machine.makeCgroup("other\(k)") }
    machine.makeCgroup("a", max: 300)
    machine.makeCgroup("a/b")
    machine.perform([.readPages("data", 1000)], in: "a/b")
    #expect(machine.invariantProblems() == [])
    tamper(machine.memory, machine.memory.tree.find("a/b")!.number)
    return machine.invariantProblems()
  }

  @Test(arguments: [1, -1]) func aChargeTooManyOrTooFewIsTold(n: Int) throws {
    let found = try problems { memory, memcg in memory.tree.rows[Int(memcg)].usage += n }
    // The parent's own books are right: what it is charged is what its subtree uses.
    #expect(found.count == 1 && found[0].contains("'a/b' uses"))
  }

  @Test func aChargeInFlightIsAllowedWhereItIsExpected() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.memory.tree.rows[Int(machine.memory.tree.find("a")!.number)].usage += 2
    #expect(machine.invariantProblems(inFlight: 2) == [])
    #expect(machine.invariantProblems(inFlight: 1).count == 1)
  }

  @Test func aWrongStatisticIsTold() throws {
    let found = try problems { memory, memcg in
      memory.tree.counters(memcg)[MemcgCounter.file.rawValue] += 1
    }
    #expect(found.contains { $0.contains("file pages are cached, cgroups count") })
  }

  @Test func aFolioOnTheListOfAnotherIsTold() throws {
    let found = try problems { memory, memcg in
      let rows = memory.frames.rows
      let frame = (1..<memory.frames.count).first { rows[$0].memcg == memcg }!
      rows[frame].memcg = MemcgTree.rootNumber
    }
    #expect(found.count == 1 && found[0].contains("by mistake"))
  }

  @Test func whatWasPublishedMayBeStale() throws {
    let found = try problems { memory, memcg in
      memory.tree.lruvec(memcg).pointee.publishedSizes.inactiveFile += 1
    }
    #expect(found == [])
  }
}
