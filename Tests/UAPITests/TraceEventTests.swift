// SPDX-License-Identifier: Apache-2.0
// Trace events in ftrace's words: names, fields and their order (reference 15).

import Testing
import UAPI

@Suite struct TraceEventTests {
  static let isolate = TraceEvent.lruIsolate(
    isolateMode: 0, classZone: 4, order: 0, requested: 32, scanned: 31, skipped: 0, taken: 31,
    list: .inactive_file)
  static let shrinkInactive = TraceEvent.lruShrinkInactive(
    node: 0, scanned: 32, reclaimed: 30, dirty: 0, writeback: 0, congested: 0, immediate: 0,
    activatedAnon: 0, activatedFile: 1, referencedKept: 1, unmapFailed: 0, priority: 9, file: true)
  static let shrinkActive = TraceEvent.lruShrinkActive(
    node: 0, taken: 32, active: 0, deactivated: 32, referenced: 0, priority: 12, file: false)
  static let slabStart = TraceEvent.shrinkSlabStart(
    shrinker: "scan_shadow_nodes", node: 0, deferred: 3, gfp: .kernel, cacheItems: 40, delta: 20,
    totalScan: 21, priority: 11)
  static let slabEnd = TraceEvent.shrinkSlabEnd(
    shrinker: "scan_shadow_nodes", node: 0, unusedScan: 3, newScan: 23, totalScan: 21, returned: 0)

  @Test(
    arguments: [
      (
        .memcgReclaimBegin(order: 0, gfp: .highUserMovable), "mm_vmscan_memcg_reclaim_begin",
        "order=0 gfp_flags=GFP_HIGHUSER_MOVABLE"
      ),
      (.memcgReclaimEnd(reclaimed: 57), "mm_vmscan_memcg_reclaim_end", "nr_reclaimed=57"),
      (
        isolate, "mm_vmscan_lru_isolate",
        "isolate_mode=0 classzone=4 order=0 nr_requested=32 nr_scanned=31 nr_skipped=0 nr_taken=31 "
          + "lru=inactive_file"
      ),
      (
        shrinkInactive, "mm_vmscan_lru_shrink_inactive",
        "nid=0 nr_scanned=32 nr_reclaimed=30 nr_dirty=0 nr_writeback=0 nr_congested=0 "
          + "nr_immediate=0 nr_activate_anon=0 nr_activate_file=1 nr_ref_keep=1 nr_unmap_fail=0 "
          + "priority=9 flags=RECLAIM_WB_FILE|RECLAIM_WB_ASYNC"
      ),
      (
        shrinkActive, "mm_vmscan_lru_shrink_active",
        "nid=0 nr_taken=32 nr_active=0 nr_deactivated=32 nr_referenced=0 priority=12 "
          + "flags=RECLAIM_WB_ANON|RECLAIM_WB_ASYNC"
      ),
      (
        slabStart, "mm_shrink_slab_start",
        "scan_shadow_nodes: nid: 0 objects to shrink 3 gfp_flags GFP_KERNEL cache items 40 "
          + "delta 20 total_scan 21 priority 11"
      ),
      (
        slabEnd, "mm_shrink_slab_end",
        "scan_shadow_nodes: nid: 0 unused scan count 3 new scan count 23 total_scan 21 last "
          + "shrinker return val 0"
      ),
      (
        .throttled(node: 0, timeout: 20_000, delayed: 415, .isolated), "mm_vmscan_throttled",
        "nid=0 usec_timeout=20000 usect_delayed=415 reason=VMSCAN_THROTTLE_ISOLATED"
      ),
      (
        .congestionWait(timeout: 100_000, delayed: 100_000), "writeback_congestion_wait",
        "usec_timeout=100000 usec_delayed=100000"
      ),
      (
        .waitIffCongested(timeout: 100_000, delayed: 0), "writeback_wait_iff_congested",
        "usec_timeout=100000 usec_delayed=0"
      ),
      (
        .reclaimRetryZone(
          RetryZone(
            node: 0, zone: "DMA32", order: 1, reclaimable: 20, available: 50, minWatermark: 40,
            fruitless: 3, passes: true)), "reclaim_retry_zone",
        "node=0 zone=DMA32    order=1 reclaimable=20 available=50 min_wmark=40 "
          + "no_progress_loops=3 wmark_check=1"
      ),
      (
        .oomScoreAdjust(pid: 7, command: "db", value: -900), "oom_score_adj_update",
        "pid=7 comm=db oom_score_adj=-900"
      ),
      (
        .writeFolio(frame: 0x554f, isFolio: true), "mm_vmscan_write_folio",
        "pfn=0x554f flags=RECLAIM_WB_ANON|RECLAIM_WB_ASYNC"
      ),
      (
        .writeFolio(frame: 21839, isFolio: false), "mm_vmscan_writepage",
        "pfn=21839 flags=RECLAIM_WB_ANON|RECLAIM_WB_ASYNC"
      ),
      (
        .step(.cycle(.low, stall: nil)), "do_try_to_free_pages", "cycle=low counted=none"
      ),
      (
        .step(.priority(9, scanned: 40, reclaimed: 33)), "shrink_zones",
        "priority=9 nr_scanned=40 nr_reclaimed=33"
      ),
    ] as [(TraceEvent, String, String)])
  func eventsArePrintedAsFtracePrintsThem(event: TraceEvent, name: String, payload: String) {
    #expect(event.name == name)
    #expect(event.payload == payload)
  }
}
