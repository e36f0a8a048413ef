// SPDX-License-Identifier: Apache-2.0
// The whole machine short of memory: kswapd first, then the tasks themselves, then the OOM killer.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct GlobalReclaimTests {
  private func stream(_ machine: Machine, _ pages: Int) -> Snapshot {
    #expect(machine.perform([.readPages("data", pages)]) == [.done])
    #expect(machine.ended == nil)
    return machine.observe()
  }

  /// A stream larger than memory keeps kswapd busy; the zone stays near its marks, and nobody
  /// reclaims a page twice.
  @Test func aStreamIsReclaimedByKswapd() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 40_000)]))
    defer { machine.shutdown() }
    let after = stream(machine, 40_000)
    let zone = after.nodes[0].zones[0]
    #expect(after[.pgsteal_kswapd] > 20_000)
    #expect(after[.pgsteal_direct] == 0)
    #expect(after[.pgscan_kswapd] == after[.pgsteal_kswapd])
    #expect(after[.pageoutrun] > 10)
    #expect(zone.free > zone.min && zone.free < 2 * zone.high)
    #expect(machine.invariantProblems().isEmpty)
  }

  /// kswapd sleeps while there is room.
  @Test func nobodyReclaimsWhileThereIsRoom() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 4000)]))
    defer { machine.shutdown() }
    let after = stream(machine, 4000)
    #expect(after[.pageoutrun] == 0 && after[.pgscan_kswapd] == 0)
  }

  /// The wake-up is seen before the run, and the nap is cut short by the next.
  @Test func wakeUpsAndRunsAreTraced() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 20_000)]))
    defer { machine.shutdown() }
    let after = stream(machine, 20_000)
    let names = machine.recordedEvents.map(\.event.name)
    let wake = try #require(names.firstIndex(of: "mm_vmscan_wakeup_kswapd"))
    #expect(names[wake + 1] == "mm_vmscan_kswapd_wake")
    // Each run but those before a full sleep was followed by a nap that somebody cut short.
    let sleeps = names.count { $0 == "mm_vmscan_kswapd_sleep" }
    #expect(sleeps > 0)
    #expect(
      after[.kswapd_low_wmark_hit_quickly] + after[.kswapd_high_wmark_hit_quickly] + sleeps
        == after[.pageoutrun])
  }

  /// Without swap, anonymous memory beyond the machine's kills the task that wants it; the report
  /// says who and why, and the memory is free again.
  @Test func anonymousMemoryWithoutSwapEndsInAKill() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    let before = machine.observe().nodes[0].zones[0].free
    let hog = machine.spawn(TaskSpec(name: "hog")) { handle, fiber throws(Killed) in
      let map = Operation.map(area: "a", .anonymous(shared: false), pages: 20_000)
      _ = try await machine.perform(map, by: handle, fiber)
      _ = try await machine.perform(
        .touch(area: "a", write: true, fill: false, AccessPattern(.sequential)), by: handle, fiber)
    }
    machine.run(until: .distantFuture)
    let after = machine.observe()
    #expect(machine.ended == nil)
    #expect(machine.report(on: hog).state == .killed)
    #expect(after[.oom_kill] == 1)
    #expect(after[.allocstall_movable] > 0)
    let zone = after.nodes[0].zones[0]
    #expect(zone.free + zone.perCPU > before - 200)
    let log = machine.kernelMessages.map(\.text)
    #expect(log.first?.hasPrefix("hog invoked oom-killer: gfp_mask=0x140dca") == true)
    #expect(log.contains("Mem-Info:"))
    #expect(log.last?.hasPrefix("Out of memory: Killed process") == true)
    #expect(machine.invariantProblems().isEmpty)
  }

  /// Two runs of two tasks that compete are one and the same run.
  @Test func competingTasksAreReproducible() throws {
    func digest() throws -> Digest {
      let machine = try SmallMachine.boot(
        SmallMachine.spec(files: [("a", 12_000), ("b", 12_000)]), trace: .digest)
      defer { machine.shutdown() }
      for name in ["a", "b"] {
        machine.spawn(TaskSpec(name: name)) { handle, fiber throws(Killed) in
          for _ in 0..<2 {
            _ = try await machine.perform(.readPages(name, 12_000), by: handle, fiber)
          }
        }
      }
      machine.run(until: .distantFuture)
      return machine.digest
    }
    #expect(try digest() == digest())
  }
}
