// SPDX-License-Identifier: Apache-2.0
// Published expectations of what limits and protection do to services, with their tolerances.
//
// Below A (200 MiB, no swap) stands B, which asks to keep 50 MiB and has four children that ask for
// 75, 25, 0 and 500 MiB; three of them hold 50 MiB of page cache each. A sibling of B then takes
// anonymous memory.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct PublishedLimitTests {
  private static func pages(_ mebibytes: Int) -> Int { mebibytes << 8 }

  private static func machine(_ files: [String] = []) throws -> Machine {
    try SmallMachine.boot(
      SmallMachine.spec(memory: Bytes(512 << 20), files: files.map { ($0, pages(100)) }),
      trace: .off)
  }

  /// `mebibytes` of anonymous memory, written and kept for a while.
  private static func anonymous(_ mebibytes: Int) -> [Operation] {
    [
      .map(area: "m", .anonymous(shared: false), pages: pages(mebibytes)),
      .touch(area: "m", write: true, fill: false, AccessPattern()), .mark(name: "held"),
    ]
  }

  private enum Kind { case min, low }

  private struct Nested {
    let machine: Machine
    /// memory.current at the mark, in MiB.
    var held: [String: Int] = [:]
    var wasKilled: Bool

    init(_ kind: Kind, taking mebibytes: Int) throws {
      machine = try PublishedLimitTests.machine(["c", "d", "e"])
      func keep(_ size: Int) -> CgroupSetting {
        let pages = Pages(PublishedLimitTests.pages(size))
        return kind == .min ? .min(pages) : .low(pages)
      }
      machine.makeCgroup("A", max: PublishedLimitTests.pages(200))
      for (path, size) in [("A/B", 50), ("A/B/C", 75), ("A/B/D", 25), ("A/B/E", 0), ("A/B/F", 500)]
      {
        machine.makeCgroup(path)
        machine.perform([.setCgroup(path: path, settings: [keep(size)])])
      }
      machine.makeCgroup("A/G")
      for (file, path) in [("c", "A/B/C"), ("d", "A/B/D"), ("e", "A/B/E")] {
        machine.perform([.readPages(file, PublishedLimitTests.pages(50))], in: path)
      }
      let done = machine.perform(PublishedLimitTests.anonymous(mebibytes), in: "A/G")
      wasKilled = done.count < 3
      let seen = wasKilled ? machine.observe() : machine.marks[0].snapshot
      for cgroup in seen.cgroups { held[cgroup.path] = (cgroup.current ?? 0) >> 8 }
    }

    func isNear(_ path: String, _ wanted: Int, percent: Int) -> Bool {
      let got = held[path]!
      return 100 * abs(got - wanted) <= percent * (got + wanted)
    }
  }

  @Test(arguments: [true, false])
  func aParentsProtectionIsSharedAmongItsChildren(byMin: Bool) throws {
    let nested = try Nested(byMin ? .min : .low, taking: 148)
    defer { nested.machine.shutdown() }
    #expect(!nested.wasKilled)
    #expect(nested.isNear("A/B", 50, percent: 3), "\(nested.held)")
    #expect(nested.isNear("A/B/C", 29, percent: 15), "\(nested.held)")
    #expect(nested.isNear("A/B/D", 21, percent: 20), "\(nested.held)")
    #expect(nested.held["A/B/E"]! <= 1 && nested.held["A/B/F"] == 0, "\(nested.held)")
  }

  @Test func minHoldsEvenWhenSomebodyDiesOfIt() throws {
    let nested = try Nested(.min, taking: 170)
    defer { nested.machine.shutdown() }
    #expect(nested.wasKilled)
    #expect(nested.isNear("A/B", 50, percent: 3), "\(nested.held)")
  }

  @Test func lowGivesWayInstead() throws {
    let nested = try Nested(.low, taking: 170)
    defer { nested.machine.shutdown() }
    #expect(!nested.wasKilled)
    #expect(nested.isNear("A/B", 30, percent: 3), "\(nested.held)")
    let low = ["A/B/C", "A/B/D", "A/B/E", "A/B/F"].map { nested.machine.event(.low, of: $0) }
    #expect(low[0] > 0 && low[1] > 0 && low[2] == 0 && low[3] == 0, "low events: \(low)")
  }

  // MARK: limits of one cgroup

  private static let limit = pages(30)
  private static let aroundLimit = limit * 95 / 100...limit * 105 / 100

  @Test func maxKillsWhoHasNothingToGiveBack() throws {
    let machine = try Self.machine()
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: Self.limit)
    #expect(machine.perform(Self.anonymous(100), in: "a").count < 3)
    #expect(machine.event(.oom_kill, of: "a") == 1)
  }

  @Test func maxHoldsPageCache() throws {
    let machine = try Self.machine(["data"])
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: Self.limit)
    machine.perform([.readPages("data", Self.pages(50))], in: "a")
    #expect(Self.aroundLimit.contains(machine.usage(of: "a")))
    #expect(machine.event(.max, of: "a") > 0 && machine.event(.oom_kill, of: "a") == 0)
  }

  @Test func highHoldsPageCacheSoftly() throws {
    let machine = try Self.machine(["data"])
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.setCgroup(path: "a", settings: [.high(Pages(Self.limit))])])
    machine.perform([.readPages("data", Self.pages(50))], in: "a")
    #expect(Self.aroundLimit.contains(machine.usage(of: "a")))
    #expect(machine.event(.high, of: "a") > 0 && machine.event(.max, of: "a") == 0)
  }

  @Test func reclaimGetsThereWithinFiveTries() throws {
    let machine = try Self.machine(["data"])
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.readPages("data", Self.pages(100))], in: "a")
    var tries = 0
    while machine.usage(of: "a") > Self.limit * 103 / 100, tries < 5 {
      machine.perform([.reclaim(path: "a", Pages(machine.usage(of: "a") - Self.limit))])
      tries += 1
    }
    #expect(Self.aroundLimit.contains(machine.usage(of: "a")), "after \(tries) tries")
  }
}
