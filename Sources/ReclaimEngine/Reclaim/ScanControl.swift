// SPDX-License-Identifier: Apache-2.0
// What one reclaim wants, may and has done (reference 01 §§1.2, 1.3).

import UAPI

/// On whose behalf reclaim works.
enum Reclaimer {
  /// A cgroup at its limit, or somebody who asked for it.
  case memcg
  /// An allocation of the machine that found no page.
  case direct
  case kswapd
}

struct ScanControl {
  /// The cgroup whose limit was hit; the walk begins there. The root when it is the machine's.
  let target: MemCgroup
  let reclaimer: Reclaimer
  let gfp: GfpFlags
  /// The thread that reclaims.
  let task: SimThread
  /// Pages to free before it is enough.
  var toReclaim: Int
  let swappiness: Int
  /// Highest zone index that folios may be taken from.
  var highestZone = Self.topZone
  /// Order of the allocation that reclaim is for.
  var order = 0
  /// Some zone has so much free that compaction can make the block.
  var isReadyForCompaction = false
  /// Whether anonymous folios may be scanned.
  var maySwap = true

  var priority = 0
  /// Pages freed in the whole call.
  var reclaimed = 0
  /// Pages looked at in this priority.
  var scanned = 0
  /// What this round met.
  var round = RoundTally()

  // Decided once a round from the target's published statistics (reference 04 §4.2).
  var cost = PerKind()
  var mayDeactivateAnon = false
  var mayDeactivateFile = false
  var cacheTrimMode = false
  /// The page cache is too small to be worth a scan.
  var fileIsTiny = false

  // What the retries of do_try_to_free_pages know.
  var forceDeactivate = false
  var skippedDeactivate = false
  /// Whether memory.low still holds, and whether something was left alone because of it.
  var reclaimsLow = false
  var skippedLow = false

  /// Highest zone that folios may be taken from: memcg reclaim takes them from all.
  static let topZone = 4

  init(
    target: MemCgroup, reclaimer: Reclaimer = .memcg, gfp: GfpFlags, task: SimThread,
    toReclaim: Int, swappiness: Int
  ) {
    self.target = target
    self.reclaimer = reclaimer
    self.gfp = gfp
    self.task = task
    self.toReclaim = toReclaim
    self.swappiness = swappiness
  }

  /// The whole machine's reclaim, not a cgroup's.
  var isGlobal: Bool { reclaimer != .memcg }
  /// Whose accesses count; 0: everybody's.
  var references: UInt16 { isGlobal ? 0 : target.number }
}
