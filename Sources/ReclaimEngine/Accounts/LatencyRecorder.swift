// SPDX-License-Identifier: Apache-2.0
// Durations counted in buckets: what a task's faults, reads and stalls took.
//
// A bucket's number is the leading bit of a duration and the seven bits behind it, so a bucket is
// less than one per cent wide and its number costs one instruction that counts zeroes. Nothing is
// allocated but one table for each kind, at its first duration; who has many equal ones (hits in
// the page cache) counts them first and notes them together.

package import UAPI

package final class LatencyRecorder {
  /// The longest, the sum, then a count for each bucket.
  private typealias Table = UnsafeMutablePointer<UInt64>

  /// Bits behind the leading one that tell buckets apart.
  private static let detail: UInt64 = 7
  private static let half: UInt64 = 1 << detail
  /// Durations up to 2⁴⁰ ns, 18 minutes, have buckets; longer ones share the last.
  private static let octaves = 40 - Int(detail)
  private static let bucketCount = (octaves + 1) << Int(detail)
  private static let headWords = 2

  private var fault: Table?
  private var read: Table?
  private var directReclaim: Table?
  private var throttled: Table?

  package init() {}

  deinit { for kind in LatencyKind.allCases { table(kind)?.deallocate() } }

  private func table(_ kind: LatencyKind) -> Table? {
    switch kind {
    case .fault: fault
    case .read: read
    case .directReclaim: directReclaim
    case .throttled: throttled
    }
  }

  /// Notes `count` durations that are equal.
  @inline(__always) package func note(_ kind: LatencyKind, _ duration: UInt64, count: UInt64 = 1) {
    let words = table(kind) ?? makeTable(kind)
    if words[0] < duration { words[0] = duration }
    words[1] &+= duration &* count
    words[Self.headWords &+ Self.bucket(duration)] &+= count
  }

  @inline(never) private func makeTable(_ kind: LatencyKind) -> Table {
    let words = Table.allocate(capacity: Self.headWords + Self.bucketCount)
    words.initialize(repeating: 0, count: Self.headWords + Self.bucketCount)
    switch kind {
    case .fault: fault = words
    case .read: read = words
    case .directReclaim: directReclaim = words
    case .throttled: throttled = words
    }
    return words
  }

  @inline(__always) private static func bucket(_ duration: UInt64) -> Int {
    if duration < 2 * half { return Int(truncatingIfNeeded: duration) }
    let shift = 63 &- detail &- UInt64(truncatingIfNeeded: duration.leadingZeroBitCount)
    let bucket = Int(truncatingIfNeeded: shift &<< detail &+ duration &>> shift)
    return min(bucket, bucketCount - 1)
  }

  /// The middle of a bucket.
  private static func middle(_ bucket: Int) -> UInt64 {
    let number = UInt64(bucket)
    if number < 2 * half { return number }
    let shift = number >> detail - 1
    return (number - shift << detail) << shift + (1 << shift) / 2
  }

  /// What happened, by kind.
  package var counts: [LatencyCounts] {
    LatencyKind.allCases.compactMap { kind in
      guard let words = table(kind) else { return nil }
      let buckets = (0..<Self.bucketCount).compactMap { n -> LatencyCounts.Bucket? in
        let count = words[Self.headWords + n]
        return count == 0
          ? nil : LatencyCounts.Bucket(nanoseconds: Self.middle(n), count: count)
      }
      return LatencyCounts(kind: kind, buckets: buckets, longest: words[0], sum: words[1])
    }
  }
}
