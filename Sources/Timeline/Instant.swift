// SPDX-License-Identifier: Apache-2.0
// Simulated time: integer nanoseconds, checked arithmetic, nothing else.
//
// An Instant is a moment since the machine's boot, Nanoseconds a length of time. Both trap on
// overflow: a clock that wraps would order events wrongly and silently.

/// A length of simulated time in nanoseconds.
package struct Nanoseconds: Comparable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  package var count: UInt64

  package init(_ count: UInt64) { self.count = count }
  package init(integerLiteral count: UInt64) { self.count = count }

  package static let zero = Nanoseconds(0)
  package static func microseconds(_ n: UInt64) -> Nanoseconds { Nanoseconds(n * 1_000) }
  package static func milliseconds(_ n: UInt64) -> Nanoseconds { Nanoseconds(n * 1_000_000) }
  package static func seconds(_ n: UInt64) -> Nanoseconds { Nanoseconds(n * 1_000_000_000) }

  package static func < (a: Nanoseconds, b: Nanoseconds) -> Bool { a.count < b.count }
  package static func + (a: Nanoseconds, b: Nanoseconds) -> Nanoseconds {
    Nanoseconds(a.count + b.count)
  }
  package static func - (a: Nanoseconds, b: Nanoseconds) -> Nanoseconds {
    Nanoseconds(a.count - b.count)
  }
  package static func * (a: Nanoseconds, n: UInt64) -> Nanoseconds { Nanoseconds(a.count * n) }
  package static func += (a: inout Nanoseconds, b: Nanoseconds) { a.count += b.count }
}

/// A moment of simulated time, nanoseconds since boot.
package struct Instant: Comparable, Hashable, Sendable {
  package var nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  package static let boot = Instant(nanoseconds: 0)
  package static let distantFuture = Instant(nanoseconds: .max)

  package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
  package static func + (a: Instant, d: Nanoseconds) -> Instant {
    Instant(nanoseconds: a.nanoseconds + d.count)
  }
  /// The time from `b` to `a`; `b` must not be later.
  package static func - (a: Instant, b: Instant) -> Nanoseconds {
    Nanoseconds(a.nanoseconds - b.nanoseconds)
  }
}
