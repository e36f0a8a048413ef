// SPDX-License-Identifier: Apache-2.0
// The kernel's own trace events, with its names and fields (reference 15), so that a simulated run
// can be held against ftrace.

package enum LruListName: Int, Sendable {
  case inactive_anon, active_anon, inactive_file, active_file, unevictable

  package var name: String { "\(self)" }
  package var isFile: Bool { self == .inactive_file || self == .active_file }
}

/// What the OOM killer's victim was, as far as the kernel's event tells it. Sizes in pages.
package struct VictimSizes: Sendable, Equatable {
  package var command: String
  package var virtual: Int, anonymous: Int, file: Int, shmem: Int, tables: Int
  package var oomScoreAdjust: Int

  package init(
    command: String, virtual: Int, anonymous: Int, file: Int, shmem: Int, tables: Int,
    oomScoreAdjust: Int
  ) {
    self.command = command
    self.virtual = virtual
    self.anonymous = anonymous
    self.file = file
    self.shmem = shmem
    self.tables = tables
    self.oomScoreAdjust = oomScoreAdjust
  }
}

/// Why a reclaimer was made to wait: enum vmscan_throttle_state.
package enum ThrottleReason: String, CaseIterable, Sendable {
  case writeback = "VMSCAN_THROTTLE_WRITEBACK"
  case isolated = "VMSCAN_THROTTLE_ISOLATED"
  case noProgress = "VMSCAN_THROTTLE_NOPROGRESS"
  case congested = "VMSCAN_THROTTLE_CONGESTED"
}

private func frameText(_ frame: UInt32, inHex: Bool) -> String {
  inHex ? "0x" + String(frame, radix: 16) : String(frame)
}

/// What the OOM reaper does about a victim. The order is the digest's and never changes (reference
/// 12 §12.8, 15 §15.3).
package enum ReaperStep: String, CaseIterable, Sendable {
  /// Its timer is due.
  case wake = "wake_reaper"
  case start = "start_task_reaping"
  case finish = "finish_task_reaping"
  /// An attempt that takes nothing: the victim's areas are being changed, or its memory is gone.
  case skip = "skip_task_reaping"
}

/// A block of free pages that serves another mobility than its own (reference 30 §30.3). Migrate
/// types are the kernel's numbers: 0 unmovable, 1 movable, 2 reclaimable.
package struct ExternalFragmentation: Sendable, Equatable {
  package var frame: UInt32
  /// Order of the request, of the block that serves it, and of a pageblock.
  package var order: Int, fallbackOrder: Int, pageblockOrder: Int
  package var type: Int, fallbackType: Int
  /// The pageblock has the request's mobility from now on.
  package var changesOwnership: Bool
  /// 6.1 and later print the frame in hexadecimal digits.
  package var isFrameInHex = false

  package init(
    frame: UInt32, order: Int, fallbackOrder: Int, pageblockOrder: Int, type: Int,
    fallbackType: Int, changesOwnership: Bool
  ) {
    self.frame = frame
    self.order = order
    self.fallbackOrder = fallbackOrder
    self.pageblockOrder = pageblockOrder
    self.type = type
    self.fallbackType = fallbackType
    self.changesOwnership = changesOwnership
  }

  /// As ftrace prints it, the page's address left out.
  var payload: String {
    "pfn=\(frameText(frame, inHex: isFrameInHex)) "
      + "alloc_order=\(order) fallback_order=\(fallbackOrder) "
      + "pageblock_order=\(pageblockOrder) alloc_migratetype=\(type) "
      + "fallback_migratetype=\(fallbackType) "
      + "fragmenting=\(fallbackOrder < pageblockOrder ? 1 : 0) "
      + "change_ownership=\(changesOwnership ? 1 : 0)"
  }
}

/// A zone that an allocation looks at before it gives up (reference 12 §12.3). Pages.
package struct RetryZone: Sendable, Equatable {
  package var node: Int, zone: String, order: Int
  package var reclaimable: Int, available: Int, minWatermark: Int
  package var fruitless: Int
  package var passes: Bool

  package init(
    node: Int, zone: String, order: Int, reclaimable: Int, available: Int, minWatermark: Int,
    fruitless: Int, passes: Bool
  ) {
    self.node = node
    self.zone = zone
    self.order = order
    self.reclaimable = reclaimable
    self.available = available
    self.minWatermark = minWatermark
    self.fruitless = fruitless
    self.passes = passes
  }
}

package enum TraceEvent: Sendable, Equatable {
  case memcgReclaimBegin(order: Int, gfp: GfpFlags)
  case memcgReclaimEnd(reclaimed: Int)
  case directReclaimBegin(order: Int, gfp: GfpFlags)
  case directReclaimEnd(reclaimed: Int)
  case wakeupKswapd(node: Int, order: Int, gfp: GfpFlags)
  case kswapdWake(node: Int, order: Int)
  case kswapdSleep(node: Int)
  case lruIsolate(
    isolateMode: Int, classZone: Int, order: Int, requested: Int, scanned: Int, skipped: Int,
    taken: Int, list: LruListName)
  case lruShrinkInactive(
    node: Int, scanned: Int, reclaimed: Int, dirty: Int, writeback: Int, congested: Int,
    immediate: Int, activatedAnon: Int, activatedFile: Int, referencedKept: Int, unmapFailed: Int,
    priority: Int, file: Bool)
  case lruShrinkActive(
    node: Int, taken: Int, active: Int, deactivated: Int, referenced: Int, priority: Int,
    file: Bool)
  case shrinkSlabStart(
    shrinker: String, node: Int, deferred: Int, gfp: GfpFlags, cacheItems: Int, delta: Int,
    totalScan: Int, priority: Int)
  case shrinkSlabEnd(
    shrinker: String, node: Int, unusedScan: Int, newScan: Int, totalScan: Int, returned: Int)
  /// Up to 5.10 the event names the pid alone.
  case markVictim(pid: Int, VictimSizes?)
  case reaper(ReaperStep, pid: Int)
  /// Microseconds; from 6.1 on.
  case throttled(node: Int, timeout: UInt64, delayed: UInt64, ThrottleReason)
  /// Microseconds; up to 5.10.
  case congestionWait(timeout: UInt64, delayed: UInt64)
  case waitIffCongested(timeout: UInt64, delayed: UInt64)
  case reclaimRetryZone(RetryZone)
  case oomScoreAdjust(pid: Int, command: String, value: Int)
  /// A folio handed to swap. The kernel's event has another name up to 5.10.
  case writeFolio(frame: UInt32, isFolio: Bool)
  case externalFragmentation(ExternalFragmentation)
  /// What the kernel does without an event of its own.
  case step(ReclaimStep)

  package static let fallbackName = "mm_page_alloc_extfrag"

  /// The event's name as ftrace prints it.
  package var name: String {
    switch self {
    case .memcgReclaimBegin: "mm_vmscan_memcg_reclaim_begin"
    case .memcgReclaimEnd: "mm_vmscan_memcg_reclaim_end"
    case .directReclaimBegin: "mm_vmscan_direct_reclaim_begin"
    case .directReclaimEnd: "mm_vmscan_direct_reclaim_end"
    case .wakeupKswapd: "mm_vmscan_wakeup_kswapd"
    case .kswapdWake: "mm_vmscan_kswapd_wake"
    case .kswapdSleep: "mm_vmscan_kswapd_sleep"
    case .lruIsolate: "mm_vmscan_lru_isolate"
    case .lruShrinkInactive: "mm_vmscan_lru_shrink_inactive"
    case .lruShrinkActive: "mm_vmscan_lru_shrink_active"
    case .shrinkSlabStart: "mm_shrink_slab_start"
    case .shrinkSlabEnd: "mm_shrink_slab_end"
    case .markVictim: "mark_victim"
    case .reaper(let step, _): step.rawValue
    case .throttled: "mm_vmscan_throttled"
    case .congestionWait: "writeback_congestion_wait"
    case .waitIffCongested: "writeback_wait_iff_congested"
    case .reclaimRetryZone: "reclaim_retry_zone"
    case .oomScoreAdjust: "oom_score_adj_update"
    case .writeFolio(_, isFolio: true): "mm_vmscan_write_folio"
    case .writeFolio: "mm_vmscan_writepage"
    case .externalFragmentation: Self.fallbackName
    case .step(let step): step.name
    }
  }

  /// The event's fields as ftrace prints them, pointers left out.
  package var payload: String {
    switch self {
    case .directReclaimBegin(let order, let gfp):
      "order=\(order) gfp_flags=\(gfp.text)"
    case .directReclaimEnd(let reclaimed):
      "nr_reclaimed=\(reclaimed)"
    case .wakeupKswapd(let node, let order, let gfp):
      "nid=\(node) order=\(order) gfp_flags=\(gfp.text)"
    case .kswapdWake(let node, let order):
      "nid=\(node) order=\(order)"
    case .kswapdSleep(let node):
      "nid=\(node)"
    case .memcgReclaimBegin(let order, let gfp):
      "order=\(order) gfp_flags=\(gfp.text)"
    case .memcgReclaimEnd(let reclaimed):
      "nr_reclaimed=\(reclaimed)"
    case .lruIsolate(
      let mode, let zone, let order, let requested, let scanned, let skipped, let taken, let list):
      "isolate_mode=\(mode) classzone=\(zone) order=\(order) nr_requested=\(requested) "
        + "nr_scanned=\(scanned) nr_skipped=\(skipped) nr_taken=\(taken) lru=\(list.name)"
    case .lruShrinkInactive(
      let node, let scanned, let reclaimed, let dirty, let writeback, let congested,
      let immediate, let activatedAnon, let activatedFile, let kept, let unmapFailed,
      let priority, let file):
      "nid=\(node) nr_scanned=\(scanned) nr_reclaimed=\(reclaimed) nr_dirty=\(dirty) "
        + "nr_writeback=\(writeback) nr_congested=\(congested) nr_immediate=\(immediate) "
        + "nr_activate_anon=\(activatedAnon) nr_activate_file=\(activatedFile) "
        + "nr_ref_keep=\(kept) nr_unmap_fail=\(unmapFailed) priority=\(priority) "
        + "flags=\(Self.flags(file))"
    case .lruShrinkActive(
      let node, let taken, let active, let deactivated, let referenced, let priority, let file):
      "nid=\(node) nr_taken=\(taken) nr_active=\(active) nr_deactivated=\(deactivated) "
        + "nr_referenced=\(referenced) priority=\(priority) flags=\(Self.flags(file))"
    case .shrinkSlabStart(
      let shrinker, let node, let deferred, let gfp, let items, let delta, let total,
      let priority):
      "\(shrinker): nid: \(node) objects to shrink \(deferred) gfp_flags \(gfp.text) "
        + "cache items \(items) delta \(delta) total_scan \(total) priority \(priority)"
    case .shrinkSlabEnd(
      let shrinker, let node, let unused, let new, let total, let returned):
      "\(shrinker): nid: \(node) unused scan count \(unused) new scan count \(new) "
        + "total_scan \(total) last shrinker return val \(returned)"
    case .markVictim(let pid, nil), .reaper(_, let pid):
      "pid=\(pid)"
    case .markVictim(let pid, let v?):
      "pid=\(pid) comm=\(v.command) total-vm=\(4 * v.virtual)kB anon-rss=\(4 * v.anonymous)kB "
        + "file-rss:\(4 * v.file)kB shmem-rss:\(4 * v.shmem)kB uid=0 pgtables=\(4 * v.tables)kB "
        + "oom_score_adj=\(v.oomScoreAdjust)"
    case .throttled(let node, let timeout, let delayed, let reason):
      "nid=\(node) usec_timeout=\(timeout) usect_delayed=\(delayed) reason=\(reason.rawValue)"
    case .congestionWait(let timeout, let delayed), .waitIffCongested(let timeout, let delayed):
      "usec_timeout=\(timeout) usec_delayed=\(delayed)"
    case .reclaimRetryZone(let z):
      "node=\(z.node) zone=\(Self.padded(z.zone)) order=\(z.order) reclaimable=\(z.reclaimable) "
        + "available=\(z.available) min_wmark=\(z.minWatermark) "
        + "no_progress_loops=\(z.fruitless) wmark_check=\(z.passes ? 1 : 0)"
    case .oomScoreAdjust(let pid, let command, let value):
      "pid=\(pid) comm=\(command) oom_score_adj=\(value)"
    case .writeFolio(let frame, let isFolio):
      "pfn=\(frameText(frame, inHex: isFolio)) flags=\(Self.flags(false))"
    case .externalFragmentation(let fallback): fallback.payload
    case .step(let step): step.payload
    }
  }

  /// In the eight columns that the kernel gives to a zone's name.
  private static func padded(_ name: String) -> String {
    name + String(repeating: " ", count: max(0, 8 - name.utf8.count))
  }

  private static func flags(_ file: Bool) -> String {
    (file ? "RECLAIM_WB_FILE" : "RECLAIM_WB_ANON") + "|RECLAIM_WB_ASYNC"
  }
}
