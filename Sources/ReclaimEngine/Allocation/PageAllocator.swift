// SPDX-License-Identifier: Apache-2.0
// The fast path of the page allocator: zonelist, watermark, take. It cannot sleep.
//
// Zones are tried from the highest that the request may use to the lowest; each must stay above its
// low mark plus what it keeps back from such requests (reference 23 §23.6). What to do when none
// does is somebody else's (AllocateSlowly.swift): the answer is 0.

import UAPI

package final class PageAllocator {
  private let node: Node
  /// Called after a page was taken from a zone whose marks were boosted.
  var boosted: ((Zone) -> Void)?
  /// Highest zone first; the node keeps them alive. An array of them would count a reference for
  /// each page that is allocated or freed, a tenth of a fault.
  private let zonelist: UnsafeMutableBufferPointer<Unmanaged<Zone>>

  /// Whether zones are mixed only when nothing else is left: where the zone tried first is Normal
  /// and there is DMA32 to turn to (reference 23 §23.6, no-fragment).
  private let avoidsMixing: Bool

  package init(node: Node) {
    self.node = node
    avoidsMixing =
      node.zones.last?.kind == .normal && node.zones.contains { $0.kind == .dma32 }
    zonelist = .allocate(capacity: node.zones.count)
    _ = zonelist.initialize(from: node.zones.reversed().map { Unmanaged.passUnretained($0) })
    avoidMixing()
  }

  deinit { zonelist.deallocate() }

  /// Highest zone index a request may use: movable user pages any, kernel pages up to Normal.
  @inline(__always) static var movableClass: Int { ZoneSpec.Kind.movable.index }
  @inline(__always) static var normalClass: Int { ZoneSpec.Kind.normal.index }
  static var dma32Class: Int { ZoneSpec.Kind.dma32.index }

  /// 2^order frames, or 0 when each zone would fall below its low mark.
  @inline(__always) package func allocate(order: Int, _ mobility: Mobility) -> UInt32 {
    let frame = allocateAboveLow(order: order, mobility)
    if _slowPath(frame == 0), avoidsMixing {
      return mixing { allocateAboveLow(order: order, mobility) }
    }
    return frame
  }

  /// Tries something with fallbacks to blocks of any size.
  @inline(never) private func mixing(_ body: () -> UInt32) -> UInt32 {
    for zone in node.zones { zone.buddy.smallestFallback = 0 }
    defer { avoidMixing() }
    return body()
  }

  /// Until somebody insists only whole pageblocks change their mobility.
  private func avoidMixing() {
    guard avoidsMixing else { return }
    for zone in node.zones { zone.buddy.smallestFallback = BuddyAllocator.pageblockOrder }
  }

  /// 2^order frames as above the low marks, for who is not simply one of the two classes; or 0.
  func allocate(_ request: AllocationRequest) -> UInt32 {
    let (order, mobility, classZone) = (request.order, request.mobility, request.classZone)
    // Who may not use the highest zone begins in another, where nobody avoids to mix.
    let frame =
      classZone < Self.normalClass ? 0 : allocateAboveLow(order: order, mobility, classZone)
    if frame == 0, avoidsMixing || classZone < Self.normalClass {
      return mixing { allocateAboveLow(order: order, mobility, classZone) }
    }
    return frame
  }

  @inline(__always) private func allocateAboveLow(order: Int, _ mobility: Mobility) -> UInt32 {
    allocateAboveLow(order: order, mobility, Self.classZone(mobility))
  }

  @inline(__always) private func allocateAboveLow(
    order: Int, _ mobility: Mobility, _ classZone: Int
  ) -> UInt32 {
    for zone in zonelist {
      let frame = zone._withUnsafeGuaranteedRef { zone in
        zone.kind.index <= classZone && zone.isAboveLow(order: order, classZone: classZone)
          ? take(order, mobility, from: zone) : 0
      }
      if frame != 0 { return frame }
    }
    return 0
  }

  /// 2^order frames from the first zone of the zonelist that stays above what `mark` names for it,
  /// or 0.
  func allocate(order: Int, _ mobility: Mobility, classZone: Int, above mark: (Zone) -> Int)
    -> UInt32
  {
    mixing {
      for zone in node.zones.reversed() where zone.kind.index <= classZone {
        guard zone.isAbove(mark(zone), order: order, classZone: classZone) else { continue }
        let frame = take(order, mobility, from: zone)
        if frame != 0 { return frame }
      }
      return 0
    }
  }

  /// For who reclaims (PF_MEMALLOC): what the marks keep back is there for this. 0: nothing is
  /// free.
  func allocateForReclaim(order: Int, _ mobility: Mobility) -> UInt32 {
    let frame = allocate(order: order, mobility)
    if frame != 0 { return frame }
    return allocate(
      order: order, mobility, classZone: Self.classZone(mobility),
      above: Reserve.everything.mark)
  }

  @inline(__always) private func take(_ order: Int, _ mobility: Mobility, from zone: Zone) -> UInt32
  {
    let frame = zone.take(order: order, mobility)
    if _slowPath(zone.isBoosted), frame != 0 { boosted?(zone) }
    return frame
  }

  @inline(__always) static func classZone(_ mobility: Mobility) -> Int {
    mobility == .movable ? movableClass : normalClass
  }

  /// Everything on per-CPU lists goes back to the free lists.
  func drainPerCPU() {
    for zone in node.zones { zone.perCPU.drainAll() }
  }

  @inline(__always) package func free(_ frame: UInt32, order: Int) {
    for zone in zonelist {
      let isIts = zone._withUnsafeGuaranteedRef { zone in
        guard zone.contains(frame) else { return false }
        zone.giveBack(frame, order: order)
        return true
      }
      if isIts { return }
    }
    preconditionFailure("frame \(frame) belongs to no zone")
  }

  /// Frees a batch of single pages, in order.
  func free(_ frames: UnsafeMutablePointer<UInt32>, _ n: Int) {
    for k in 0..<n { free(frames[k], order: 0) }
  }
}
