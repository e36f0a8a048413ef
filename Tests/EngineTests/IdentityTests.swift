// SPDX-License-Identifier: Apache-2.0
// Identities that hold in a quiescent kernel (reference 18 §18.1), after a run that uses every kind
// of reclaim: kswapd, direct reclaim, a cgroup's limit, swap.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct IdentityTests {
  /// A stream and two tasks whose memory does not fit, one of them in a cgroup with a limit.
  private static func machine(_ kernel: String, limit: Int?) throws -> Machine {
    var spec = SmallMachine.spec(memory: Bytes(32 << 20), files: [("data", 9000)])
    spec.kernel = kernel
    spec.disks = [DiskSpec(name: "swap", kind: .pmem, use: .swap, size: Bytes(64 << 20))]
    let machine = try SmallMachine.boot(spec)
    machine.makeCgroup("a", max: limit)
    machine.makeCgroup("b")
    for (name, group, pages) in [("a", "a", 3000), ("b", "b", 4500)] {
      machine.spawn(TaskSpec(name: name, cgroup: group)) { handle, fiber throws(Killed) in
        let map = Operation.map(area: name, .anonymous(shared: false), pages: pages)
        _ = try await machine.perform(map, by: handle, fiber)
        for _ in 0..<3 {
          _ = try await machine.perform(
            .touch(area: name, write: true, fill: false, AccessPattern()), by: handle, fiber)
          _ = try await machine.perform(.readPages("data", 9000), by: handle, fiber)
        }
      }
    }
    machine.run(until: .distantFuture)
    try #require(machine.ended == nil)
    return machine
  }

  @Test(arguments: ["5.10", "6.1"]) func countersAgreeWhereNoLimitIsHit(kernel: String) throws {
    let machine = try Self.machine(kernel, limit: nil)
    defer { machine.shutdown() }
    let v = machine.observe()
    #expect(v[.pgscan_anon] > 0 && v[.pgscan_file] > 0 && v[.pgscan_direct] > 0)
    #expect(v[.pgscan_kswapd] + v[.pgscan_direct] == v[.pgscan_anon] + v[.pgscan_file])
    #expect(v[.pgsteal_kswapd] + v[.pgsteal_direct] == v[.pgsteal_anon] + v[.pgsteal_file])
  }

  @Test(arguments: ["5.10", "6.1"]) func countersAgreeAnywhere(kernel: String) throws {
    let machine = try Self.machine(kernel, limit: 1500)
    defer { machine.shutdown() }
    let v = machine.observe()
    #expect(v.cgroup("a")![.max] > 0)
    #expect(v[.pgsteal_kswapd] <= v[.pgscan_kswapd] && v[.pgsteal_direct] <= v[.pgscan_direct])
    #expect(v[.nr_isolated_anon] == 0 && v[.nr_isolated_file] == 0)
    let lists: [(VmCounter, VmCounter)] = [
      (.nr_zone_inactive_anon, .nr_inactive_anon), (.nr_zone_active_anon, .nr_active_anon),
      (.nr_zone_inactive_file, .nr_inactive_file), (.nr_zone_active_file, .nr_active_file),
    ]
    for (zone, node) in lists { #expect(v[zone] == v[node]) }
    #expect(v[.workingset_refault_anon] > 0)
    #expect(v[.workingset_restore_anon] <= v[.workingset_activate_anon])
    #expect(v[.workingset_activate_anon] <= v[.workingset_refault_anon])
    #expect(v[.workingset_restore_file] <= v[.workingset_activate_file])
    #expect(v[.workingset_activate_file] <= v[.workingset_refault_file])
  }

  /// Events and counters tell the same.
  @Test(arguments: ["5.10", "6.1"]) func eventsAddUpToTheCounters(kernel: String) throws {
    let machine = try Self.machine(kernel, limit: 1500)
    defer { machine.shutdown() }
    let v = machine.observe()
    var scanned = 0, refilled = 0, deactivated = 0
    var counts: [String: Int] = [:]
    for event in machine.events {
      counts[event.name, default: 0] += 1
      switch event {
      case .lruIsolate(_, _, _, _, let n, let skipped, let taken, let list):
        #expect(taken <= n - skipped)
        if list == .active_anon || list == .active_file { refilled += n } else { scanned += n }
      case .lruShrinkActive(_, _, _, let n, _, _, _): deactivated += n
      default: break
      }
    }
    #expect(scanned == v[.pgscan_anon] + v[.pgscan_file])
    #expect(refilled >= v[.pgrefill])
    #expect(deactivated == v[.pgdeactivate])
    #expect(counts["mm_vmscan_kswapd_wake"] == v[.pageoutrun])
    #expect(counts["mm_vmscan_direct_reclaim_begin"] == counts["mm_vmscan_direct_reclaim_end"])
    #expect(counts["mm_vmscan_memcg_reclaim_begin"] == counts["mm_vmscan_memcg_reclaim_end"])
    #expect(
      counts["mm_vmscan_direct_reclaim_begin", default: 0] <= v[.allocstall_movable]
        + v[.allocstall_normal])
  }

  /// Each folio of a batch has one fate.
  @Test func aBatchIsTheSumOfItsFates() throws {
    let machine = try Self.machine("6.1", limit: nil)
    defer { machine.shutdown() }
    var taken = 0
    for event in machine.events {
      if case .lruIsolate(_, _, _, _, _, _, let n, _) = event { taken = n }
      if case .lruShrinkInactive(
        _, _, let reclaimed, _, _, _, _, let anon, let file, let kept, let unmapFailed, _, _) =
        event
      {
        #expect(reclaimed + anon + file + kept + unmapFailed <= taken)
      }
    }
  }
}
