// SPDX-License-Identifier: Apache-2.0
// Shrinkers of the whole machine that only the root's turn calls: small caches of the kernel
// (reference 10 §§10.2 to 10.4).
//
// What a cache holds is a number: objects that go when they are scanned, and objects that were used
// since they were last scanned, which survive one scan. A call scans what is due, in batches; less
// than a batch is scanned only when it is all there is, and else deferred.

import UAPI

/// One registered shrinker.
struct Shrinker: Sendable {
  let name: String
  let seeks: Int
  let batch: Int
  /// Objects that the next scan frees, and those that it only passes.
  var idle: Int
  var used: Int
  var deferred = 0
  /// What a look at the counters of the machine brings back at least.
  var revived = 0

  var freeable: Int { idle + used }

  /// Looks at `n` objects; answers how many were freed.
  mutating func scan(_ n: Int) -> Int {
    let freed = min(n, idle)
    let passed = min(n - freed, used)
    idle += passed - freed
    used -= passed
    return freed
  }

  /// Somebody reads files of /proc and /sys.
  mutating func wasRead() { idle = max(idle, revived) }
}

extension Memory {
  /// Asks each in its turn; answers how many objects they freed.
  func shrinkCaches(priority: Int, gfp: GfpFlags) -> Int {
    var freed = 0
    for k in shrinkers.indices where shrinkers[k].freeable > 0 {
      freed += shrink(k, priority: priority, gfp: gfp)
    }
    return freed
  }

  private func shrink(_ k: Int, priority: Int, gfp: GfpFlags) -> Int {
    let before = shrinkers[k].deferred, freeable = shrinkers[k].freeable
    var scan = SlabScan(
      freeable: freeable, deferred: before, priority: priority, seeks: shrinkers[k].seeks,
      behaviour: profile.deferredShrink)
    tracer.shrinkSlabStart(
      shrinkers[k].name, node: node.number, scan, deferred: before, freeable: freeable,
      priority: priority, gfp: gfp)
    var scanned = 0, freed = 0
    while let n = scan.step(freeable, batch: shrinkers[k].batch) {
      freed += shrinkers[k].scan(n)
      scanned += n
      scan.total -= n
    }
    node.counters.add(scanned, to: .slabs_scanned)
    shrinkers[k].deferred = scan.deferred(
      before: before, scanned: scanned, freeable: freeable, behaviour: profile.deferredShrink)
    tracer.shrinkSlabEnd(
      shrinkers[k].name, node: node.number, unused: before, new: shrinkers[k].deferred,
      total: scan.total, freed: freed)
    return freed
  }
}
