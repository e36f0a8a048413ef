// SPDX-License-Identifier: Apache-2.0
// Compaction, seen from outside: whether a zone has a block, would have one if others' pages were
// moved, or is too short of memory to try (compaction_suitable, reference 27 §27.1).
//
// The moving itself is not built. A request for which a kernel would do it ends the run and says
// so; where compaction would be skipped, for want of free pages or because fragmentation is not
// what is wrong, everything else goes its way: reclaim continues until compaction could begin, the
// allocator asks whether more reclaim would let it.

import Timeline
import UAPI

/// What compaction would answer for a zone and an order.
enum CompactionSuitability {
  /// There is a block.
  case success
  /// Moving pages would make one.
  case `continue`
  /// Too little is free to move anything to, or memory is not fragmented.
  case skipped
}

extension Zone {
  /// Free pages that compaction wants for a block, besides the mark (reference 27 §27.1).
  static func compactGap(order: Int) -> Int { 2 << order }

  /// vm.extfrag_threshold.
  private static let fragmentationThreshold = 500

  /// compaction_suitable at the min mark.
  func suitability(order: Int, _ classZone: Int) -> CompactionSuitability {
    if isAbove(watermarks.min, order: order, classZone: classZone) { return .success }
    guard hasRoomToCompact(order: order, classZone) else { return .skipped }
    return AllocationRequest.isCostly(order) && !isFragmented(order: order)
      ? .skipped : .continue
  }

  /// Whether so many pages are free that compaction could move some there.
  /// - Parameter free: as if so many pages were free.
  func hasRoomToCompact(order: Int, _ classZone: Int, free: Int? = nil) -> Bool {
    let mark = AllocationRequest.isCostly(order) ? watermarks.low : watermarks.min
    return isAbove(
      mark + Self.compactGap(order: order), order: 0, classZone: classZone, free: free)
  }

  /// The fragmentation index tells want of memory, near 0, from fragmentation, near 1000; −1000:
  /// there is a block.
  func fragmentationIndex(order: Int) -> Int {
    if buddy.hasBlock(order: order) { return -1000 }
    var blocks = 0
    for o in 0..<order {
      for mobility in Mobility.allCases { blocks += buddy.freeBlocks(order: o, mobility) }
    }
    if blocks == 0 { return 0 }
    return 1000 - (1000 + free * 1000 / (1 << order)) / blocks
  }

  private func isFragmented(order: Int) -> Bool {
    !(0...Self.fragmentationThreshold).contains(fragmentationIndex(order: order))
  }

  /// compaction_ready: so much is free that direct reclaim leaves the rest to compaction (reference
  /// 02 §2.4).
  func isReadyForCompaction(order: Int, _ classZone: Int) -> Bool {
    switch suitability(order: order, classZone) {
    case .success: true
    case .skipped: false
    case .continue:
      isAbove(
        watermarks.high + Self.compactGap(order: order), order: 0, classZone: classZone)
    }
  }
}

extension AllocationRequest {
  /// Whether compaction comes before reclaim: for large blocks, and for those among which nothing
  /// could be moved later.
  var compactsFirst: Bool { mayCompact && (isCostly || mobility != .movable) }
}

extension Memory {
  /// Direct compaction where a kernel would do more than look.
  func refuseCompaction(_ request: AllocationRequest, _ thread: SimThread) throws(Killed) {
    guard request.mayCompact, wouldCompact(order: request.order, highest: request.classZone) else {
      return
    }
    try end(
      "\(thread.name): a block of \(1 << request.order) pages needs direct compaction, which is "
        + "not built")
  }

  /// kcompactd, woken by a kswapd that goes to sleep after it was asked for a block, or for who may
  /// not reclaim.
  func wakeCompaction(order: Int, highest: Int) {
    guard order > 0, wouldCompact(order: order, highest: highest) else { return }
    endRun("kcompactd is woken for a block of \(1 << order) pages: it is not built")
  }

  private func wouldCompact(order: Int, highest: Int) -> Bool {
    node.zones(upTo: highest).contains {
      $0.suitability(order: order, highest) == .continue
    }
  }

  /// should_compact_retry after compaction was skipped (reference 27 §27.3): it may come to it once
  /// a share of what could be reclaimed is free.
  func shouldRetryCompaction(_ request: AllocationRequest) -> Bool {
    guard request.mayCompact else { return false }
    return zip(node.zones, reclaimablePages()).contains { zone, reclaimable in
      zone.kind.index <= request.classZone
        && zone.hasRoomToCompact(
          order: request.order, request.classZone,
          free: zone.free + reclaimable / request.order)
    }
  }
}
