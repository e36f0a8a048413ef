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
  /// Slots of a cluster: a power of two.
  private let size: Int
  private let shift: Int
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
    precondition(clusterSize.nonzeroBitCount == 1, "clusters of \(clusterSize) slots")
    size = clusterSize
    shift = clusterSize.trailingZeroBitCount
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

  /// The next `n` free slots, in use from now on, into `offsets`; answers how many there were.
  func take(upTo n: Int, into offsets: UnsafeMutablePointer<UInt32>) -> Int {
    var found = 0
    while found < n, state.pointee.free > 0 {
      if state.pointee.cluster >= 0 {
        found &+= takeFromCluster(n &- found, into: offsets + found)
        if found == n || state.pointee.free == 0 { break }
        state.pointee.cluster = -1
      }
      let whole = Int(state.pointee.whole.popHead())
      guard let next = whole != 0 ? whole : lowestPartial() else { break }
      state.pointee.cluster = next
      state.pointee.next = next * size
    }
    return found
  }

  /// Free slots of the current cluster from where the last one was found; a word of 64 at a time.
  private func takeFromCluster(_ n: Int, into offsets: UnsafeMutablePointer<UInt32>) -> Int {
    let cluster = state.pointee.cluster, end = end(of: cluster)
    var at = state.pointee.next, found = 0
    while at < end, found < n {
      let word = at >> 6
      var bits = ~used.rows[word] & (~0 &<< UInt64(at & 63))
      if (word &+ 1) &<< 6 > end { bits &= ~(~0 &<< UInt64(end & 63)) }
      at = (word &+ 1) &<< 6
      while bits != 0, found < n {
        let place = bits.trailingZeroBitCount
        bits &= bits &- 1
        used.rows[word] |= 1 &<< UInt64(place)
        offsets[found] = UInt32(truncatingIfNeeded: word &<< 6 &+ place)
        found &+= 1
        if found == n { at = word &<< 6 &+ place &+ 1 }
      }
    }
    state.pointee.next = at
    state.pointee.free -= found
    freeIn.rows[cluster] -= Int32(truncatingIfNeeded: found)
    if freeIn.rows[cluster] == 0 { partial.rows[cluster >> 6] &= ~(1 << UInt64(cluster & 63)) }
    return found
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
    memory_prefetch(freeIn.rows + (Int(offset) >> shift))
  }

  /// A slot is free again.
  func give(_ offset: UInt32) {
    let at = Int(offset), c = at &>> shift
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
