// SPDX-License-Identifier: Apache-2.0
// How long things took: counts by duration as a kernel keeps them, and the few numbers people read.
//
// A kernel counts, it does not sort: each duration falls into a bucket. Up to 255 ns a bucket is
// one nanosecond, beyond it less than one per cent of its value. The longest is kept exactly.

/// What of a task takes time that somebody waits for.
package enum LatencyKind: String, CaseIterable, Codable, Sendable {
  /// A page fault of a load or store, with whatever it reclaimed and read.
  case fault
  /// One read of a page through a file descriptor, from the cache or not.
  case read
  /// Reclaim that a charge over its cgroup's limit, or an allocation, had to do first.
  case directReclaim = "direct reclaim"
  /// A sleep imposed by the kernel to slow the task down.
  case throttled
}

/// All durations of one kind, counted.
package struct LatencyCounts: Sendable, Equatable {
  package struct Bucket: Sendable, Equatable {
    /// Nanoseconds in the middle of the bucket.
    package var nanoseconds: UInt64
    package var count: UInt64

    package init(nanoseconds: UInt64, count: UInt64) {
      self.nanoseconds = nanoseconds
      self.count = count
    }
  }
  package var kind: LatencyKind
  /// Those that hold something, shortest first.
  package var buckets: [Bucket]
  /// The longest, exactly, and all of them together, in nanoseconds.
  package var longest: UInt64
  package var sum: UInt64

  package init(kind: LatencyKind, buckets: [Bucket], longest: UInt64, sum: UInt64) {
    self.kind = kind
    self.buckets = buckets
    self.longest = longest
    self.sum = sum
  }

  package var count: UInt64 { buckets.reduce(0) { $0 + $1.count } }
}

/// What people read of it, in nanoseconds.
package struct LatencySummary: Codable, Sendable, Equatable {
  package var kind: LatencyKind
  package var count: UInt64
  package var p50: UInt64
  package var p99: UInt64
  package var max: UInt64
  package var sum: UInt64

  package init(
    kind: LatencyKind, count: UInt64, p50: UInt64, p99: UInt64, max: UInt64, sum: UInt64
  ) {
    self.kind = kind
    self.count = count
    self.p50 = p50
    self.p99 = p99
    self.max = max
    self.sum = sum
  }
}
