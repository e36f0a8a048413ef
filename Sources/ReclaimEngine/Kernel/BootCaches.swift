// SPDX-License-Identifier: Apache-2.0
// What a kernel brings along that is no mechanism of reclaim: small caches with their shrinkers,
// the flags of its allocations, and how its threads share the CPU.

import Timeline
import UAPI

/// Small caches that any machine has after boot (recordings: shrinkers that are called, and what
/// they hold).
package enum BootCaches: String, Sendable {
  /// Three superblocks of the kernel's own; 5.10.
  case superblocks
  /// These, and pages that wait to be freed behind readers; 6.1.
  case superblocksAndDeferredFrees

  var shrinkers: [Shrinker] {
    switch self {
    case .superblocks:
      [
        Shrinker(
          name: "super_cache_scan", seeks: 0, batch: 1024, idle: 39, used: 6, deferred: 4,
          revived: 7),
        Shrinker(
          name: "super_cache_scan", seeks: 0, batch: 1024, idle: 24, used: 0, deferred: 10,
          revived: 3
        ),
        Shrinker(
          name: "super_cache_scan", seeks: 0, batch: 1024, idle: 0, used: 3, deferred: 0,
          revived: 3),
      ]
    case .superblocksAndDeferredFrees:
      [
        Shrinker(
          name: "kfree_rcu_shrink_scan", seeks: 2, batch: 128, idle: 21, used: 0, deferred: 0,
          revived: 5),
        Shrinker(
          name: "super_cache_scan", seeks: 0, batch: 1024, idle: 41, used: 0, deferred: 0,
          revived: 5),
        Shrinker(
          name: "super_cache_scan", seeks: 0, batch: 1024, idle: 12, used: 4, deferred: 0,
          revived: 4),
        Shrinker(
          name: "super_cache_scan", seeks: 0, batch: 1024, idle: 6, used: 9, deferred: 0,
          revived: 4),
      ]
    }
  }
}

/// How a page of user memory is asked for (reference 15 §15.2, what trace events print).
package enum FolioAllocation: String, Sendable {
  /// As a page; up to 5.10.
  case plain
  /// As a folio, which carries __GFP_COMP; 6.1.
  case compound

  var flags: GfpFlags { self == .compound ? .comp : [] }
}

/// How runnable threads share the CPU (fidelity/cost-model.md, "Scheduling rules").
package enum Scheduling: String, Sendable {
  /// By virtual time, given way to voluntarily; 5.10 and 6.1.
  case fairVoluntary

  func rules(tick: Nanoseconds) -> FairRules {
    FairRules(
      sleeperCredit: .milliseconds(3), wakeupGranularity: .milliseconds(1),
      latency: .milliseconds(6), leastSlice: .microseconds(750), tick: tick,
      tickOffset: .microseconds(5))
  }
}
