// SPDX-License-Identifier: Apache-2.0
// The clock, and how far it may be moved without asking anyone: two words in one raw cell.
//
//   now         the present moment
//   idleUntil   the first moment at which somebody else may have a say; exclusive
//
// A fiber that spends CPU time does so once per batch of pages, millions of times a run, and almost
// always nobody else is due meanwhile. Then time passes by a comparison and an addition. The
// timeline keeps `idleUntil` true: no later than the earliest timer and the end of the run, and at
// boot (so that every attempt is refused) while a job is ready or no run is under way.
//
// The cell lives behind a pointer because a stored property of a class, reached from another
// module, costs a dynamic exclusivity check, several times what the work itself costs.

/// The cell. It owns nothing: the timeline that allocated it frees it.
struct ClockCell {
  struct Words {
    var now: UInt64
    var idleUntil: UInt64
  }

  let words: UnsafeMutablePointer<Words>

  static func allocate() -> ClockCell {
    let words = UnsafeMutablePointer<Words>.allocate(capacity: 1)
    words.initialize(to: Words(now: 0, idleUntil: 0))
    return ClockCell(words: words)
  }

  func deallocate() { words.deallocate() }

  var now: Instant { Instant(nanoseconds: words.pointee.now) }

  func set(now: Instant) { words.pointee.now = now.nanoseconds }
  func set(idleUntil: Instant) { words.pointee.idleUntil = idleUntil.nanoseconds }

  /// Moves the clock by `duration` if that stays before `idleUntil`; otherwise changes nothing.
  @inline(__always) func tryAdvance(by duration: Nanoseconds) -> Bool {
    let then = words.pointee.now + duration.count
    guard then < words.pointee.idleUntil else { return false }
    words.pointee.now = then
    return true
  }
}
