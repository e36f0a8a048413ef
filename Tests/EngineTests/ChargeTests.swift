// SPDX-License-Identifier: Apache-2.0
// memory.max at its edge: the first page beyond it reclaims, writes below the usage reclaim, and
// what cannot shrink gives up after sixteen rounds (reference 13 §§13.2, 13.4, 28 §28.1).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct ChargeTests {
  /// A batch of 64 is charged from below, and taken back when somebody above refuses it: recordings
  /// of cgroups below a full one show it in memory.peak.
  @Test func aPeakCountsWhatSomebodyAboveRefused() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("p", max: 400)
    machine.makeCgroup("p/a")
    machine.perform([.readPages("data", 1000)], in: "p/a")
    let own = try #require(machine.observe().cgroup("p/a")?.peak)
    #expect(machine.observe().cgroup("p")?.peak == 400)
    #expect((401...464).contains(own), "\(own)")
  }

  private func begins(_ machine: Machine) -> Int {
    machine.events.count { if case .memcgReclaimBegin = $0 { true } else { false } }
  }

  /// 512 pages of a file and two kernel pages: ten nodes of 592 bytes, 1664 for the rest.
  @Test func theLimitIsUsedToTheLastPageBeforeAnythingIsReclaimed() throws {
    for (limit, reclaims) in [(514, false), (513, true)] {
      let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 512)]))
      defer { machine.shutdown() }
      machine.makeCgroup("a", max: limit)
      var usage = 0
      machine.perform([.advise("data", .random), .readPages("data", 512)], in: "a") { _ in
        usage = machine.usage(of: "a")
      }
      #expect(machine.stat(.kernel, of: "a") == 2)
      #expect(begins(machine) == (reclaims ? 1 : 0), "limit \(limit)")
      #expect(machine.event(.max, of: "a") == (reclaims ? 1 : 0))
      #expect(usage <= limit)
      #expect(reclaims || usage == limit)
    }
  }

  /// Nothing on a list of that size is due before priority 9: 1, 3, 7, 15, 31 pages, as a real 6.1
  /// took them.
  @Test func oneCallTakesTwiceAsMuchAtEachPriority() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 2048)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 1024)
    machine.perform([.readPages("data", 2048)], in: "a")
    var taken: [[Int]] = []
    for event in machine.events {
      if case .lruShrinkInactive(_, let scanned, let n, _, _, _, _, _, _, _, _, let p, _) = event {
        #expect(scanned == n)
        taken.append([p, n])
      }
      if case .memcgReclaimEnd(let reclaimed) = event {
        #expect(reclaimed == 57)
        break
      }
    }
    #expect(taken == [[9, 1], [8, 3], [7, 7], [6, 15], [5, 31]])
  }

  @Test func aLimitAboveCountsItsEventsWhereItIs() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 400)
    machine.makeCgroup("a/b")
    machine.perform([.readPages("data", 1000)], in: "a/b")
    #expect(machine.event(.max, of: "a") > 0)
    #expect(machine.event(.max, of: "a/b") == 0)
    #expect(machine.event(.max, of: "a") == begins(machine))
    #expect(machine.usage(of: "a") <= 400)
    #expect(machine.stat(.pgscan, of: "a/b") == machine.stat(.pgscan, of: "a"))
    #expect(machine.stat(.pgsteal_direct, of: "a") == machine.vmstat(.pgsteal_file))
    #expect(machine.vmstat(.pgsteal_direct) == 0)
  }

  @Test func writingALimitBelowTheUsageReclaimsDownToIt() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.readPages("data", 1000)], in: "a")
    let answers = machine.perform([.setCgroup(path: "a", settings: [.max(900)])])
    #expect(answers == [.done])
    #expect(machine.usage(of: "a") <= 900)
    #expect(machine.stat(.file, of: "a") > 800)
    #expect(machine.event(.max, of: "a") == 0)
  }

  /// A stock alone may be what is over the new limit: it is given back, and nothing is reclaimed.
  @Test func aWriteDrainsTheStockBeforeItReclaims() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.advise("data", .random), .readPages("data", 10)], in: "a")
    #expect(machine.usage(of: "a") == 64)
    machine.perform([.setCgroup(path: "a", settings: [.max(63)])])
    #expect(machine.usage(of: "a") == 11)
    #expect(begins(machine) == 0)
  }

  /// Kernel pages cannot be reclaimed: sixteen rounds, then an OOM event; nobody is left to kill,
  /// so the write is over.
  @Test func aWriteThatCannotBeMetGivesUpAfterSixteenRounds() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.open(file: "data")], in: "a")
    machine.perform([.setCgroup(path: "a", settings: [.max(0)])])
    #expect(begins(machine) == 16)
    #expect(machine.event(.oom, of: "a") == 1)
    #expect(machine.event(.oom_kill, of: "a") == 0)
    #expect(machine.ended == nil)
  }

  /// A charge that insists gives up after the drain's retry and sixteen more, and the task kills
  /// itself; dying, each of its three charges (the directory's, the inode's, the file's) tries as
  /// often again before it is refused.
  @Test func aChargeThatCannotBeMetGivesUp() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 0)
    machine.perform([.open(file: "data")], in: "a")
    #expect(machine.event(.max, of: "a") == 3 * (18 + 17))
    #expect(machine.event(.oom_kill, of: "a") == 1)
    #expect(machine.ended == nil)
  }

  /// memory.reclaim of an empty cgroup: the first try and sixteen more, then EAGAIN.
  @Test func askingForMoreThanThereIsAnswersEAGAIN() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    #expect(machine.perform([.reclaim(path: "a", 1)]) == [.failed(.EAGAIN)])
    #expect(begins(machine) == 17)
  }

  /// However little is asked for, a call frees at least a batch of 32.
  @Test func aReclaimAsksForABatchAtLeast() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.readPages("data", 4096)], in: "a")
    let answers = machine.perform([.reclaim(path: "a", 1)])
    let requests = machine.events.compactMap { event -> Int? in
      if case .lruIsolate(_, _, _, let n, _, _, _, _) = event { return n }
      return nil
    }
    #expect(answers == [.pages(machine.vmstat(.pgsteal_file))])
    #expect(machine.vmstat(.pgsteal_file) >= 32)
    #expect(requests.max() ?? 0 <= 32)
    machine.perform([.reclaim(path: "a", 1000)])
    #expect(machine.vmstat(.pgsteal_file) >= 1032)
    #expect(
      machine.events.contains {
        if case .lruIsolate(_, _, _, 32, _, _, _, _) = $0 { true } else { false }
      })
  }
}
