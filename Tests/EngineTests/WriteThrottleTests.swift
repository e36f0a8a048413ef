// SPDX-License-Identifier: Apache-2.0
// How many writes a device's queue lets through at once, and when one who waits is let in.

import ReclaimEngine
import Testing
import Timeline

@Suite struct WriteThrottleTests {
  private static func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
  }

  private static func throttle(places: Int, steps: Int = 0) -> WriteThrottle {
    WriteThrottle(places: places, steps: steps, hz: 250, now: at(0))
  }

  /// Writes let through until one has to wait.
  private static func admitted(_ throttle: inout WriteThrottle, at now: Instant) -> Int {
    while throttle.admit(at: now) {}
    return throttle.underWay
  }

  /// Places in the queue, growth before, writes at once (reference 21 §21.10, recordings).
  @Test(arguments: [
    (64, 0, 8), (4, 0, 2), (2, 0, 1), (1, 0, 1), (64, 1, 16), (128, 1, 16), (128, 3, 48),
    (64, 2, 24), (64, 5, 24),
  ])
  func writersShareHalfOfTheDepth(_ places: Int, _ steps: Int, _ writes: Int) {
    var throttle = Self.throttle(places: places, steps: steps)
    #expect(Self.admitted(&throttle, at: Self.at(1)) == writes)
  }

  @Test(arguments: [(64, 0, 4), (64, 1, 8), (64, 2, 12), (128, 3, 24)])
  func besideReadsItIsAQuarter(_ places: Int, _ steps: Int, _ writes: Int) {
    var throttle = Self.throttle(places: places, steps: steps)
    throttle.noteRead(at: Self.at(1))
    #expect(Self.admitted(&throttle, at: Self.at(2)) == writes)
  }

  @Test func aReadIsForgottenAfterAWindow() {
    var throttle = Self.throttle(places: 64)
    throttle.noteRead(at: Self.at(1))
    #expect(Self.admitted(&throttle, at: Self.at(102)) == 8)
  }

  @Test func whoWaitsIsWokenWhenHalfOfTheSmallerShareIsFree() {
    var throttle = Self.throttle(places: 64)
    _ = Self.admitted(&throttle, at: Self.at(1))
    let first = throttle.finish(at: Self.at(2)), second = throttle.finish(at: Self.at(2))
    #expect(!first && second)
  }

  @Test func besideReadsTheFirstFreePlaceWakes() {
    var throttle = Self.throttle(places: 64, steps: 1)
    throttle.noteRead(at: Self.at(1))
    _ = Self.admitted(&throttle, at: Self.at(2))
    let isWoken = throttle.finish(at: Self.at(3))
    #expect(isWoken)
  }

  @Test func aWindowWithWritesDeepensTheQueueAtTheTickAfterItsEnd() {
    var throttle = Self.throttle(places: 64)
    _ = throttle.admit(at: Self.at(1))
    _ = throttle.finish(at: Self.at(2))
    #expect(Self.admitted(&throttle, at: Self.at(103)) == 8)
    for _ in 0..<8 { _ = throttle.finish(at: Self.at(103)) }
    #expect(Self.admitted(&throttle, at: Self.at(104)) == 16)
  }

  @Test func aWindowWithoutWritesChangesNothing() {
    var throttle = Self.throttle(places: 64, steps: 1)
    #expect(Self.admitted(&throttle, at: Self.at(1000)) == 16)
  }
}
