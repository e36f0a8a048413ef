// SPDX-License-Identifier: Apache-2.0
// How many write requests a device with a queue takes before whoever writes has to wait: the block
// layer's writeback throttling (reference 21 §21.10).
//
// With d requests to share, writers may have (d + 1)/2 under way, and (d + 3)/4 while somebody has
// read lately. One who waits is woken when a few places, half of the smaller share, are free below
// the larger one. d begins at 16, or at the queue's length if that is less. At the end of each
// window of 100 ms in which something was written it grows from 1 + 15 to 1 + 30, 1 + 60, …, up to
// three quarters of the queue: recordings of swap on such a device show 8, 16, then 8 and 12 beside
// reads where the queue has 64 places, and 16, then 24 beside reads where it has 128. What makes it
// shrink again, reads that suffer and long idleness, no recording shows, and it never does here.

package import Timeline

package struct WriteThrottle {
  private static let window = Nanoseconds(100_000_000)
  private static let shared = 16

  private let places: Int
  private let tick: UInt64
  private var steps: Int
  package private(set) var underWay = 0
  private var windowEnd: Instant?
  private var hasWritten = false
  private var lastRead: Instant?

  /// - Parameters:
  ///   - places: requests that the queue holds.
  ///   - steps: how often d has grown before; a window that runs then is taken to be half over.
  package init(places: Int, steps: Int, hz: Int, now: Instant) {
    self.places = places
    self.steps = steps
    tick = 1_000_000_000 / UInt64(hz)
    if steps > 0 { windowEnd = now + Nanoseconds(Self.window.count / 2) }
  }

  /// d
  private var depth: Int {
    let first = min(Self.shared, places)
    return steps == 0 ? first : min(1 + (first - 1) << steps, max(first, 3 * places / 4))
  }

  private var share: Int { (depth + 1) / 2 }
  private var shareBesideReads: Int { (depth + 3) / 4 }

  /// Another write request; false: it has to wait.
  package mutating func admit(at now: Instant) -> Bool {
    passWindows(until: now)
    let isBesideReads = lastRead.map { now < $0 + Self.window } ?? false
    guard underWay < (isBesideReads ? shareBesideReads : share) else { return false }
    if windowEnd == nil { windowEnd = end(ofWindowFrom: now) }
    hasWritten = true
    underWay += 1
    return true
  }

  package mutating func noteRead(at now: Instant) { lastRead = now }

  /// A write request is done. True: whoever waits may look again.
  package mutating func finish(at now: Instant) -> Bool {
    passWindows(until: now)
    underWay -= 1
    return underWay == 0 || underWay + shareBesideReads / 2 <= share
  }

  private mutating func passWindows(until now: Instant) {
    while let end = windowEnd, end <= now {
      if hasWritten, depth < 3 * places / 4 { steps += 1 }
      hasWritten = false
      windowEnd = steps > 0 || underWay > 0 ? self.end(ofWindowFrom: end) : nil
    }
  }

  /// Timers go off at ticks, the one after the time is over.
  private func end(ofWindowFrom now: Instant) -> Instant {
    Instant(nanoseconds: (now.nanoseconds / tick + Self.window.count / tick + 1) * tick)
  }
}
