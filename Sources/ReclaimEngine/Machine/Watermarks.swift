// SPDX-License-Identifier: Apache-2.0
// How many pages a zone keeps free: min, low, high, and what lower zones keep back from requests
// that could go higher.
//
// Formulas: reference 23 §23.1 to §23.3 and §23.7 (per-CPU batch and high). A recorded machine
// brings its own numbers; these are for machines described in words.

package struct Watermarks: Equatable {
  package var min = 0
  package var low = 0
  package var high = 0

  /// min_free_kbytes of a machine with that much low memory, without transparent huge pages:
  /// isqrt(16 · kB), 128 to 262144.
  package static func minFreeKilobytes(lowMemoryPages pages: Int) -> Int {
    Swift.min(262_144, Swift.max(128, squareRoot(pages * 4 * 16)))
  }

  /// Marks of one zone.
  /// - Parameters:
  ///   - managed: pages of the zone.
  ///   - total: pages of all zones that share min_free_kbytes.
  ///   - scaleFactor: vm.watermark_scale_factor, in 1/10000.
  package static func ofZone(managed: Int, total: Int, minFreeKilobytes: Int, scaleFactor: Int)
    -> Watermarks
  {
    let min = minFreeKilobytes / 4 * managed / Swift.max(total, 1)
    let distance = Swift.max(min / 4, managed * scaleFactor / 10_000)
    return Watermarks(min: min, low: min + distance, high: min + 2 * distance)
  }

  /// lowmem_reserve of each zone of a node against requests up to each zone index; ratios 256, 256,
  /// 32, none.
  package static func reserves(managed: [Int]) -> [[Int]] {
    let ratios = [256, 256, 32, 0]
    return managed.indices.map { i in
      managed.indices.map { j in
        guard j > i, ratios[i] != 0, managed[i] != 0 else { return 0 }
        return managed[(i + 1)...j].reduce(0, +) / ratios[i]
      }
    }
  }

  /// What a zone keeps back in all: its part of totalreserve (reference 23 §23.3).
  package static func reserve(managed: Int, high: Int, protection: [Int]) -> Int {
    Swift.min(managed, (protection.max() ?? 0) + high)
  }

  /// Updates of a zone's item that a CPU keeps to itself (reference 16 §16.7).
  package static func statThreshold(cpus: Int, managed: Int) -> Int {
    Swift.min(125, 2 * bits(cpus) * (1 + bits(managed >> 15)))
  }

  /// The same while kswapd is up.
  package static func pressureStatThreshold(cpus: Int, low: Int, min: Int) -> Int {
    Swift.min(125, Swift.max(1, (low - min) / cpus))
  }

  /// fls: the number of the highest bit, from 1 on; 0 for 0.
  private static func bits(_ n: Int) -> Int { Int.bitWidth - n.leadingZeroBitCount }

  /// Pages a per-CPU list takes from the buddy lists at a time (5.4 to 6.12).
  package static func perCPUBatch(managed: Int) -> Int {
    Swift.max(1, exactPerCPUBatch(managed: managed))
  }

  /// Pages from which a per-CPU list gives back: six batches, or the low mark shared among the
  /// node's CPUs and at least four batches. Six times nothing in small zones, whose batch is one
  /// only because something has to be taken.
  package static func perCPUHigh(
    _ lists: PerCPULists, managed: Int, low: Int, cpus: Int
  ) -> Int {
    switch lists {
    case .orderZero: 6 * exactPerCPUBatch(managed: managed)
    case .toOrderThree:
      Swift.max(low / Swift.max(cpus, 1), 4 * perCPUBatch(managed: managed))
    }
  }

  private static func exactPerCPUBatch(managed: Int) -> Int {
    let base = Swift.min(managed / 1024, 256) / 4
    return powerOfTwo(below: base + base / 2) - 1
  }

  private static func powerOfTwo(below n: Int) -> Int {
    var p = 1
    while p * 2 <= n { p *= 2 }
    return p
  }
}

/// The largest integer whose square is not above n.
func squareRoot(_ n: Int) -> Int {
  guard n > 1 else { return n }
  var x = n, y = (n + 1) / 2
  while y < x {
    x = y
    y = (x + n / x) / 2
  }
  return x
}
