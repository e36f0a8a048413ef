// SPDX-License-Identifier: Apache-2.0
// memory.high: the penalty's arithmetic (reference 17 §17.10), and usage that is held there.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct HighPenaltyTests {
  /// Per cent above high, and ticks at 100, 250 and 1000 a second.
  @Test(arguments: [
    (1, [0, 1, 6]), (2, [2, 6, 25]), (5, [15, 39, 159]), (10, [63, 159, 639]),
    (15, [143, 359, 1439]), (17, [184, 462, 1849]), (18, [200, 500, 2000]),
    (900, [200, 500, 2000]),
  ])
  func thePenaltyGrowsWithTheSquareOfTheOverage(percent: Int, ticks: [Int]) {
    let high = 262_144
    let overage = HighPenalty.overage(usage: high + high * percent / 100, high: high)
    let got = [100, 250, 1000].map {
      HighPenalty.ticks(memory: overage, swap: 0, pages: 64, batch: 64, hz: $0)
    }
    #expect(got == ticks)
  }

  @Test func nobodyAboveHighPaysNothing() {
    #expect(HighPenalty.overage(usage: 100, high: 100) == 0)
    #expect(HighPenalty.overage(usage: 100, high: 0) == 100 << 20)
    #expect(HighPenalty.ticks(memory: 0, swap: 0, pages: 64, batch: 64, hz: 250) == 0)
  }

  @Test func pageCacheIsHeldAtHighWithoutEverReachingMax() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 6000)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.setCgroup(path: "a", settings: [.high(2000)])])
    machine.perform([.readPages("data", 6000)], in: "a")
    #expect((1900...2100).contains(machine.usage(of: "a")))
    #expect(machine.event(.high, of: "a") > 0)
    #expect(machine.event(.max, of: "a") == 0)
  }

  @Test func whoCannotReclaimSleeps() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    let begun = machine.timeline.now
    machine.perform(
      [
        .setCgroup(path: "a", settings: [.high(1000)]), .enter(path: "a"),
        .map(area: "m", .anonymous(shared: false), pages: 2000),
        .touch(area: "m", write: true, fill: false, AccessPattern()),
      ])
    // Beyond 18 per cent each batch of 64 pages costs two seconds.
    let slept = (machine.timeline.now - begun).count / 1_000_000_000
    #expect((20...40).contains(slept), "\(slept) seconds")
    #expect(machine.observe().cgroup("a")!.pressure.some.total.count / 1_000_000_000 >= 20)
  }

  @Test func loweringHighReclaimsAtOnceAndGivesUpInTheEnd() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 3000)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.readPages("data", 3000)], in: "a")
    machine.perform([.setCgroup(path: "a", settings: [.high(1000)])])
    #expect(machine.usage(of: "a") <= 1000)
    // Kernel memory cannot be reclaimed: the write returns all the same.
    let answer = machine.perform([.setCgroup(path: "a", settings: [.high(0)])])
    #expect(answer == [.done])
    #expect(machine.usage(of: "a") > 0 && machine.stat(.file, of: "a") == 0)
  }
}
