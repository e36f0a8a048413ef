// SPDX-License-Identifier: Apache-2.0
// rmdir, and what stays behind (reference 13 §13.6); the order in which the rest is walked.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct RemovalTests {
  @Test func theWalkVisitsParentsFirstAndChildrenInOrderOfCreation() throws {
    let tree = try MemcgTree(profile: .linux6_1)
    let b = tree.makeChild(of: tree.root, named: "b")!
    let a = tree.makeChild(of: tree.root, named: "a")!
    let c = tree.makeChild(of: b, named: "c")!
    func order(_ top: MemCgroup) -> [UInt16] {
      var walk = tree.walk(below: top.number)
      var found: [UInt16] = []
      while let next = walk.next() { found.append(next) }
      return found
    }
    #expect(order(tree.root) == [1, b.number, c.number, a.number])
    #expect(order(b) == [b.number, c.number])
    #expect(order(a) == [a.number])
  }

  /// It goes on from where it stands, though that is gone, and so may be the next.
  @Test func aWalkOutlivesTheCgroupsItStandsOn() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    let paths = ["a", "b", "b/x", "c", "d"]
    for path in paths { machine.makeCgroup(path) }
    let tree = machine.memory.tree
    let numbers = paths.map { tree.find($0)!.number }
    var walk = tree.walk(below: tree.root.number)
    while let next = walk.next(), next != numbers[1] {}
    machine.perform(["b/x", "b", "c"].map { .removeCgroup(path: $0) })
    #expect(walk.next() == numbers[4])
    #expect(walk.next() == nil)
    var another = tree.walk(below: tree.root.number)
    #expect([another.next(), another.next(), another.next()] == [1, numbers[0], numbers[4]])
  }

  @Test func aCgroupWithTasksOrChildrenIsBusy() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a/b")
    #expect(machine.perform([.removeCgroup(path: "a")]) == [.failed(.EBUSY)])
    let inside = machine.perform([
      .enter(path: "a/b"), .removeCgroup(path: "a/b"), .enter(path: "/"),
      .removeCgroup(path: "a/b"), .removeCgroup(path: "a"), .removeCgroup(path: "a"),
    ])
    #expect(
      inside == [.done, .failed(.EBUSY), .done, .done, .done, .failed(.ENOENT)])
    #expect(machine.perform([.enter(path: "a")]) == [.failed(.ENOENT)])
  }

  @Test func pagesOfARemovedCgroupStayChargedAboveItUntilTheyAreReclaimed() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 900)]))
    defer { machine.shutdown() }
    machine.makeCgroup("p")
    machine.makeCgroup("p/a")
    machine.perform([.readPages("data", 900)], in: "p/a")
    let before = machine.usage(of: "p")
    machine.perform([.removeCgroup(path: "p/a")])
    #expect(machine.observe().cgroup("p/a") == nil)
    #expect((900...before).contains(machine.usage(of: "p")))
    #expect(machine.stat(.file, of: "p") == 900)
    let scanned = machine.stat(.pgscan, of: "p")
    machine.perform([.reclaim(path: "p", 2000)])
    #expect(machine.stat(.file, of: "p") == 0)
    // What the removed one has counted stays counted.
    #expect(machine.stat(.pgscan, of: "p") >= scanned + 900)
    #expect(machine.invariantProblems() == [])
  }

  @Test func aNameMayBeTakenAgainAndTheNewCgroupStartsWithNothing() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 500)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.readPages("data", 500)], in: "a")
    machine.perform([.removeCgroup(path: "a"), .makeCgroup(path: "a", settings: [])])
    #expect(machine.usage(of: "a") == 0)
    #expect(machine.observe().cgroups.map(\.path) == ["/", "a"])
    #expect(machine.invariantProblems() == [])
  }

  @Test func protectionEndsWithTheDirectory() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 900)]))
    defer { machine.shutdown() }
    machine.makeCgroup("p")
    machine.makeCgroup("p/a")
    machine.perform([.setCgroup(path: "p/a", settings: [.min(nil)])])
    machine.perform([.readPages("data", 900)], in: "p/a")
    machine.perform([.removeCgroup(path: "p/a"), .reclaim(path: "p", 900)])
    #expect(machine.stat(.file, of: "p") == 0)
  }

  @Test func areasAreGivenBackToWhoPaidForThem() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    for path in ["a", "b"] { machine.makeCgroup(path) }
    machine.perform([
      .enter(path: "a"), .map(area: "m", .anonymous(shared: false), pages: 100),
      .touch(area: "m", write: true, fill: false, AccessPattern()), .enter(path: "b"),
      .unmap(area: "m"), .removeCgroup(path: "a"),
    ])
    #expect(machine.observe().cgroups.map(\.path) == ["/", "b"])
    #expect(machine.invariantProblems() == [])
  }
}
