// SPDX-License-Identifier: Apache-2.0
// Which slots of a swap area are free, and the order in which they are handed out (reference 22
// §22.2).
//
// On a device without seeks slots are taken one after the other within a cluster; then comes the
// free cluster that has waited longest; then, when no cluster is entirely free, the lowest that has
// any free slot. A bit for each slot and a bit for each cluster find the next one without walking
// over what is in use: an area of a terabyte has half a million clusters.

import CMemory

final class SwapClusters {
  /// Usable slots: offsets 1 to total; offset 0 is the header.
  let total: Int
  private let size: Int
  /// One bit for each slot: in use, or none.
  private let used: Arena<UInt64>
  /// One bit for each cluster: some slot is free.
  private let partial: Arena<UInt64>
  /// Free slots of each cluster.
  private let freeIn: Arena<Int32>

  private struct State {
    /// The cluster slots are taken from, −1 for none, and where in it.
    var cluster = -1
    var next = 0
    var free = 0
    /// No cluster below this word of `partial` has a free slot.
    var lowestWord = 0
    /// Clusters entirely free, in the order in which they became so.
    var whole = FrameDeque()
  }
  private let state: UnsafeMutablePointer<State>

  init(total: Int, clusterSize: Int) throws(BootError) {
    self.total = total
    size = clusterSize
    let clusters = total / clusterSize + 1
    used = try Arena((total >> 6) + 1, for: "swap slots")
    partial = try Arena((clusters >> 6) + 1, for: "swap clusters")
    freeIn = try Arena(clusters, for: "swap clusters")
    state = .allocate(capacity: 1)
    state.initialize(to: State())
    state.pointee.free = total
    used.rows[0] = 1
    for c in 0..<clusters {
      let count = end(of: c) - c * size - (c == 0 ? 1 : 0)
      freeIn.rows[c] = Int32(count)
      if count > 0 { partial.rows[c >> 6] |= 1 << UInt64(c & 63) }
    }
    // The header and a cluster cut short by the end never count as entirely free. Requests do not
    // go on from one cluster into the next (recordings of a timed device): those handed out in a
    // row are no neighbours.
    for first in [1, 2] {
      for c in stride(from: first, to: clusters, by: 2) where isWhole(c) {
        state.pointee.whole.pushTail(UInt32(c))
      }
    }
  }

  deinit {
    state.pointee.whole.release()
    state.deallocate()
  }

  /// Slots that are not handed out.
  var free: Int { state.pointee.free }

  private func end(of cluster: Int) -> Int { min((cluster + 1) * size, total + 1) }
  private func isWhole(_ cluster: Int) -> Bool { (cluster + 1) * size <= total + 1 }

  /// The next free slot, in use from now on; nil when there is none.
  func take() -> UInt32? {
    guard state.pointee.free > 0 else { return nil }
    while true {
      let cluster = state.pointee.cluster
      if cluster >= 0 {
        if let offset = firstFree(from: state.pointee.next, to: end(of: cluster)) {
          state.pointee.next = offset + 1
          claim(offset, of: cluster)
          return UInt32(offset)
        }
        state.pointee.cluster = -1
      }
      let whole = Int(state.pointee.whole.popHead())
      guard let next = whole != 0 ? whole : lowestPartial() else { return nil }
      state.pointee.cluster = next
      state.pointee.next = next * size
    }
  }

  private func claim(_ offset: Int, of cluster: Int) {
    used.rows[offset >> 6] |= 1 << UInt64(offset & 63)
    freeIn.rows[cluster] -= 1
    if freeIn.rows[cluster] == 0 { partial.rows[cluster >> 6] &= ~(1 << UInt64(cluster & 63)) }
    state.pointee.free -= 1
  }

  /// The first free slot in a range.
  private func firstFree(from start: Int, to end: Int) -> Int? {
    var at = start
    while at < end {
      let bits = ~used.rows[at >> 6] >> UInt64(at & 63)
      if bits != 0 {
        let found = at + bits.trailingZeroBitCount
        return found < end ? found : nil
      }
      at = (at | 63) + 1
    }
    return nil
  }

  private func lowestPartial() -> Int? {
    var word = state.pointee.lowestWord
    while word < partial.capacity, partial.rows[word] == 0 { word += 1 }
    state.pointee.lowestWord = word
    return word < partial.capacity
      ? word << 6 + partial.rows[word].trailingZeroBitCount : nil
  }

  /// Fetches what giving the slot back will touch.
  @inline(__always) func prefetch(_ offset: UInt32) {
    memory_prefetch(used.rows + (Int(offset) >> 6))
    memory_prefetch(freeIn.rows + Int(offset) / size)
  }

  /// A slot is free again.
  func give(_ offset: UInt32) {
    let at = Int(offset), c = at / size
    used.rows[at >> 6] &= ~(1 << UInt64(at & 63))
    freeIn.rows[c] += 1
    partial.rows[c >> 6] |= 1 << UInt64(c & 63)
    state.pointee.lowestWord = min(state.pointee.lowestWord, c >> 6)
    state.pointee.free += 1
    if freeIn.rows[c] == size, c != state.pointee.cluster, c > 0 {
      state.pointee.whole.pushTail(UInt32(c))
    }
  }
}
