// SPDX-License-Identifier: Apache-2.0
// Blocks asked of the allocator directly: what serves, who waits, who gives up, who may kill
// (reference 12 §12.1, 23 §23.4, 27 §27.1).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct PageBlockTests {
  /// A machine of 64 MiB after so much anonymous memory, none of which can be reclaimed, is in use.
  private func full(leaving pages: Int, then operations: [Operation]) throws -> (
    Machine, [Outcome]
  ) {
    let machine = try SmallMachine.boot()
    let free = machine.observe().nodes[0].zones[0].free
    let answers = machine.perform(
      [
        .map(area: "a", .anonymous(shared: false), pages: free),
        .touch(
          area: "a", write: true, fill: false,
          AccessPattern(.sequential, from: 0, length: free - pages)),
      ] + operations)
    return (machine, Array(answers.dropFirst(2)))
  }

  /// A machine whose memory a stream of file pages has filled.
  private func streamed(_ operations: [Operation]) throws -> (Machine, [Outcome]) {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 30_000)]))
    let answers = machine.perform([.readPages("data", 30_000)] + operations)
    return (machine, Array(answers.dropFirst()))
  }

  @Test(arguments: 0...10) func aBlockIsAlignedAndComesBackWhole(order: Int) throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    func pages() -> Int {
      let zone = machine.observe().nodes[0].zones[0]
      return zone.free + zone.perCPU
    }
    let before = pages()
    var between = 0
    var frame = 0
    machine.perform([.allocatePages(order: order, .kernel)]) { outcome in
      between = pages()
      if case .frame(let at) = outcome { frame = at }
    }
    #expect(frame > 0 && frame % (1 << order) == 0)
    // The first operation of a machine takes a slab of open files besides.
    #expect(before - between == 1 << order + 1)
    #expect(machine.perform([.freePages(frame: frame, order: order)]) == [.done])
    #expect(before - pages() == 1)
    #expect(machine.perform([.freePages(frame: frame, order: order)]) == [.failed(.EINVAL)])
    #expect(machine.invariantProblems().isEmpty)
  }

  @Test func aBlockCountsOnceInNumaHitAndByPagesInPgalloc() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.perform([.compute(1)])
    let before = machine.observe()
    machine.perform([.allocatePages(order: 5, .kernel), .allocatePages(order: 2, .kernel)])
    let after = machine.observe()
    #expect(after[.numa_hit] - before[.numa_hit] == 2)
    #expect(after[.numa_local] - before[.numa_local] == 2)
    #expect(after[.pgalloc_normal] - before[.pgalloc_normal] == 36)
  }

  /// Between low and min kswapd is woken for the order, and who cannot reclaim fails when there is
  /// no such block.
  @Test func whoMayNotReclaimWakesKswapdAndFails() throws {
    let (machine, answers) = try streamed([.allocatePages(order: 9, .noWait)])
    defer { machine.shutdown() }
    #expect(answers == [.failed(.ENOMEM)])
    let text = "nid=0 order=9 gfp_flags=GFP_NOWAIT"
    #expect(machine.events.contains { $0.name == "mm_vmscan_wakeup_kswapd" && $0.payload == text })
    #expect(machine.vmstat(.allocstall_normal) == 0)
  }

  /// Compaction would be skipped for want of free pages, so a large block that need not be is not
  /// worth reclaim.
  @Test func aLargeBlockWithoutRetryIsGivenUpBeforeReclaim() throws {
    let (machine, answers) = try streamed([.allocatePages(order: 9, [.kernel, .noRetry])])
    defer { machine.shutdown() }
    #expect(answers == [.failed(.ENOMEM)])
    #expect(machine.vmstat(.allocstall_normal) == 0)
  }

  /// A small one is: one call of direct reclaim.
  @Test func aSmallBlockIsReclaimedFor() throws {
    let (machine, answers) = try streamed([.allocatePages(order: 3, .kernel)])
    defer { machine.shutdown() }
    guard case .frame = try #require(answers.first) else {
      Issue.record("\(answers)")
      return
    }
    #expect(machine.ended == nil)
  }

  /// Nothing can be reclaimed: the large block fails after one call, and nobody dies for it.
  @Test func nobodyIsKilledForALargeBlock() throws {
    let (machine, answers) = try full(
      leaving: 600, then: [.allocatePages(order: 9, .kernel)])
    defer { machine.shutdown() }
    #expect(answers == [.failed(.ENOMEM)])
    // Without progress reclaim went round with deactivation forced.
    let begins = machine.events.count { $0.name == "mm_vmscan_direct_reclaim_begin" }
    #expect(begins == 1)
    #expect(machine.vmstat(.oom_kill) == 0)
  }

  /// Insisting: sixteen rounds without progress are too many, for progress does not count.
  @Test func aLargeBlockThatMayFailIsTriedLonger() throws {
    let (machine, answers) = try full(
      leaving: 600, then: [.allocatePages(order: 9, [.kernel, .retryMayFail])])
    defer { machine.shutdown() }
    #expect(answers == [.failed(.ENOMEM)])
    #expect(machine.vmstat(.oom_kill) == 0)
    let zones = machine.events.filter { $0.name == "reclaim_retry_zone" }
    #expect(zones.count >= 1)
    #expect(zones.allSatisfy { $0.payload.contains("order=9") })
  }

  /// Memory is free and no block is: compaction would move pages. The run ends and names it.
  @Test func whereCompactionWouldMovePagesTheRunEnds() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 16_000)]))
    defer { machine.shutdown() }
    let answers = machine.perform(
      [.map(area: "a", .anonymous(shared: false), pages: 7000), .readPages("data", 1)]
        + (0..<7000).flatMap { k -> [Operation] in
          [
            .touch(
              area: "a", write: true, fill: false,
              AccessPattern(.sequential, from: k, length: 1)),
            .readPages("data", from: k, 1),
          ]
        }
        + [.advise("data", .dontneed), .allocatePages(order: 10, .kernel)])
    let last = answers.last
    #expect(last != .failed(.ENOMEM))
    #expect(machine.ended?.contains("a block of 1024 pages needs direct compaction") == true)
  }

  private struct Refusal {
    let order: Int, gfp: GfpFlags, words: String
  }

  private static let refusals = [
    Refusal(order: 0, gfp: [.kernel, .account], words: "__GFP_ACCOUNT charges a cgroup"),
    Refusal(order: 0, gfp: [.kernel, .write], words: "__GFP_WRITE asks for dirty limits"),
    Refusal(
      order: 1, gfp: .atomic, words: "__GFP_HIGH with an order keeps pageblocks in reserve"),
    Refusal(order: 4, gfp: [.kernel, .noFail], words: "__GFP_NOFAIL is built for blocks of up"),
    Refusal(order: 0, gfp: [.noWait, .noFail], words: "__GFP_NOFAIL is built for blocks of up"),
  ]

  @Test(arguments: refusals.indices) func whatIsNotBuiltIsRefusedByName(_ k: Int) throws {
    let refusal = Self.refusals[k]
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    let answer = machine.perform([.allocatePages(order: refusal.order, refusal.gfp)]).first
    guard case .unsupported(let text) = try #require(answer) else {
      Issue.record("\(String(describing: answer))")
      return
    }
    #expect(text.contains(refusal.words))
  }

  @Test(arguments: [-1, 11]) func thereIsNoSuchOrder(order: Int) throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    #expect(machine.perform([.allocatePages(order: order, .kernel)]) == [.failed(.EINVAL)])
    #expect(machine.perform([.freePages(frame: 5, order: order)]) == [.failed(.EINVAL)])
  }

  /// An atomic request takes what a plain one that does not wait must leave.
  @Test func anAtomicRequestGoesDeeper() throws {
    func taken(_ gfp: GfpFlags) throws -> Int {
      let machine = try SmallMachine.boot()
      defer { machine.shutdown() }
      let answers = machine.perform(
        (0..<20_000).map { _ in .allocatePages(order: 0, gfp) })
      #expect(machine.ended == nil)
      return answers.count { $0 != .failed(.ENOMEM) }
    }
    let zone = try SmallMachine.boot().observe().nodes[0].zones[0]
    let plain = try taken(.noWait), atomic = try taken(.atomic)
    // Down to three eighths of the mark; per-CPU lists may hide a batch.
    let expected = zone.min - (zone.min - zone.min / 2) + (zone.min - zone.min / 2) / 4
    #expect(abs(atomic - plain - expected) <= 63)
  }

  /// Nobody may mix pageblocks with fallbacks raising the marks when the factor is 0.
  @Test func withoutABoostFactorAFallbackWakesNobody() throws {
    func wakeups(_ factor: Int) throws -> Int {
      let machine = try SmallMachine.boot(
        SmallMachine.spec(
          files: [("data", 30_000)], sysctls: [("vm.watermark_boost_factor", factor)]))
      defer { machine.shutdown() }
      machine.perform([.readPages("data", 30_000)])
      return machine.events.count {
        $0.name == "mm_vmscan_wakeup_kswapd" && $0.payload.hasSuffix("gfp_flags=none")
      }
    }
    #expect(try wakeups(15_000) > 0)
    #expect(try wakeups(0) == 0)
  }

  /// Each fallback is an event for who records, with the kernel's own words.
  @Test func aFallbackIsAnEvent() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.perform([.allocatePages(order: 4, [.kernel, .reclaimable])])
    let event = try #require(
      machine.events.first {
        $0.name == TraceEvent.fallbackName && $0.payload.contains("alloc_order=4")
      })
    #expect(event.payload.hasPrefix("pfn=0x"))
    #expect(
      event.payload.hasSuffix(
        " alloc_order=4 fallback_order=10 pageblock_order=9 alloc_migratetype=2 "
          + "fallback_migratetype=1 fragmenting=0 change_ownership=1"))
  }
}
