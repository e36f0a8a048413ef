// SPDX-License-Identifier: Apache-2.0
// What one reclaim wants, may and has done (reference 01 §§1.2, 1.3).

import UAPI

struct ScanControl {
  /// The cgroup whose limit was hit; the walk begins there.
  let target: MemCgroup
  let gfp: GfpFlags
  /// The task that reclaims.
  let task: SimTask
  /// Pages to free before it is enough.
  let toReclaim: Int
  let swappiness: Int

  var priority = 0
  /// Pages freed in the whole call.
  var reclaimed = 0
  /// Pages looked at in this priority.
  var scanned = 0

  // Decided once a round from the target's published statistics (reference 04 §4.2).
  var cost = PerKind()
  var mayDeactivateAnon = false
  var mayDeactivateFile = false
  var cacheTrimMode = false

  // What the retries of do_try_to_free_pages know.
  var forceDeactivate = false
  var skippedDeactivate = false
  /// Whether memory.low still holds, and whether something was left alone because of it.
  var reclaimsLow = false
  var skippedLow = false

  /// Highest zone that folios may be taken from: memcg reclaim takes them from all.
  static let topZone = 4

  init(target: MemCgroup, gfp: GfpFlags, task: SimTask, toReclaim: Int, swappiness: Int) {
    self.target = target
    self.gfp = gfp
    self.task = task
    self.toReclaim = toReclaim
    self.swappiness = swappiness
  }
}
