// SPDX-License-Identifier: Apache-2.0
// A list of free frames that is only ever touched at its two ends: a ring of frame numbers.
//
// The per-CPU lists of a large zone hold hundreds of thousands of pages, freed in an order that has
// nothing to do with where their rows lie. Linked through the rows, each page given back from the
// tail would wait for its row before the next one is known; here the next ones are known beforehand
// and their rows are fetched (docs/performance.md).

struct FrameDeque {
  private var ring: UnsafeMutablePointer<UInt32>
  /// Where the head stands; the list goes on upwards and wraps.
  private var first = 0
  private var mask: Int
  private(set) var count = 0

  init() {
    ring = .allocate(capacity: 64)
    mask = 63
  }

  /// Gives the ring back; it must not be used afterwards.
  func release() { ring.deallocate() }

  /// The frame `n` places before the tail; 0 when the list is not that long.
  @inline(__always) func beforeTail(_ n: Int) -> UInt32 {
    n < count ? ring[(first &+ count &- 1 &- n) & mask] : 0
  }

  /// The frame `n` places behind the head, which must be there.
  subscript(_ n: Int) -> UInt32 { ring[(first &+ n) & mask] }

  @inline(__always) mutating func pushHead(_ frame: UInt32) {
    if _slowPath(count > mask) { grow() }
    first = (first &- 1) & mask
    ring[first] = frame
    count &+= 1
  }

  @inline(__always) mutating func pushTail(_ frame: UInt32) {
    if _slowPath(count > mask) { grow() }
    ring[(first &+ count) & mask] = frame
    count &+= 1
  }

  /// Takes the frame at the head; 0 when there is none.
  @inline(__always) mutating func popHead() -> UInt32 {
    if count == 0 { return 0 }
    let frame = ring[first]
    first = (first &+ 1) & mask
    count &-= 1
    return frame
  }

  /// Takes the frame at the tail; 0 when there is none.
  @inline(__always) mutating func popTail() -> UInt32 {
    if count == 0 { return 0 }
    count &-= 1
    return ring[(first &+ count) & mask]
  }

  @inline(never) private mutating func grow() {
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * (mask + 1))
    for n in 0..<count { larger[n] = self[n] }
    ring.deallocate()
    ring = larger
    first = 0
    mask = 2 * mask + 1
  }
}
