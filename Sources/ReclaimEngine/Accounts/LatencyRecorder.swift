// SPDX-License-Identifier: Apache-2.0
// Durations counted in buckets: what a task's faults, reads and stalls took.
//
// A bucket's number is the leading bit of a duration and the seven bits behind it, so a bucket is
// less than one per cent wide and its number costs one instruction that counts zeroes. Nothing is
// allocated but one table for each kind, at its first duration; who has many equal ones (hits in
// the page cache) counts them first and notes them together.

import Timeline
import UAPI

final class LatencyRecorder {
  private struct Table {
    var counts: UnsafeMutablePointer<UInt64>
    var longest: UInt64 = 0
    var sum: UInt64 = 0
  }

  /// Bits behind the leading one that tell buckets apart.
  private static let detail: UInt64 = 7
  private static let half: UInt64 = 1 << detail
  /// Durations up to 2⁴⁰ ns, 18 minutes, have buckets; longer ones share the last.
  private static let octaves = 40 - Int(detail)
  private static let bucketCount = (octaves + 1) << Int(detail)

  private var fault: Table?
  private var read: Table?
  private var directReclaim: Table?
  private var throttled: Table?

  deinit {
    for table in [fault, read, directReclaim, throttled] { table?.counts.deallocate() }
  }

  /// Notes `count` durations that are equal.
  @inline(__always) func note(_ kind: LatencyKind, _ duration: UInt64, count: UInt64 = 1) {
    switch kind {
    case .fault: Self.note(&fault, duration, count)
    case .read: Self.note(&read, duration, count)
    case .directReclaim: Self.note(&directReclaim, duration, count)
    case .throttled: Self.note(&throttled, duration, count)
    }
  }

  @inline(__always) private static func note(
    _ table: inout Table?, _ duration: UInt64, _ count: UInt64
  ) {
    if _slowPath(table == nil) { table = makeTable() }
    table!.counts[bucket(duration)] &+= count
    table!.longest = max(table!.longest, duration)
    table!.sum &+= duration &* count
  }

  @inline(never) private static func makeTable() -> Table {
    let counts = UnsafeMutablePointer<UInt64>.allocate(capacity: bucketCount)
    counts.initialize(repeating: 0, count: bucketCount)
    return Table(counts: counts)
  }

  @inline(__always) private static func bucket(_ duration: UInt64) -> Int {
    if duration < 2 * half { return Int(duration) }
    let shift = 63 - detail - UInt64(duration.leadingZeroBitCount)
    return min(Int(shift << detail + duration >> shift), bucketCount - 1)
  }

  /// The middle of a bucket.
  private static func middle(_ bucket: Int) -> UInt64 {
    let number = UInt64(bucket)
    if number < 2 * half { return number }
    let shift = number >> detail - 1
    return (number - shift << detail) << shift + (1 << shift) / 2
  }

  /// What happened, by kind.
  var counts: [LatencyCounts] {
    LatencyKind.allCases.compactMap { kind in
      let table: Table? =
        switch kind {
        case .fault: fault
        case .read: read
        case .directReclaim: directReclaim
        case .throttled: throttled
        }
      guard let table else { return nil }
      let buckets = (0..<Self.bucketCount).compactMap { n -> LatencyCounts.Bucket? in
        table.counts[n] == 0
          ? nil : LatencyCounts.Bucket(nanoseconds: Self.middle(n), count: table.counts[n])
      }
      return LatencyCounts(
        kind: kind, buckets: buckets, longest: table.longest, sum: table.sum)
    }
  }
}
