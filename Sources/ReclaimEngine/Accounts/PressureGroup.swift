// SPDX-License-Identifier: Apache-2.0
// Pressure of one group of tasks: stall times and their averages (reference 14 §§14.3 to 14.5).
//
//   some   at least one task waits for memory
//   full   no task of the group does anything else: whoever runs is reclaiming itself
//
// Times are added up when a count changes or somebody looks. Averages move once in two seconds
// while the group does anything; periods in which nobody looked only let them fade. Fixed point
// with 11 binary places, integer per cent, as the kernel prints them.

package import Timeline
package import UAPI

/// A task as pressure sees it.
package struct PressureState: Equatable {
  /// It runs, or could if it had the CPU.
  var isRunnable: Bool
  /// It waits for memory, asleep or reclaiming.
  var isStalled: Bool

  package init(isRunnable: Bool = false, isStalled: Bool = false) {
    self.isRunnable = isRunnable
    self.isStalled = isStalled
  }

  fileprivate var runnable: Int { isRunnable ? 1 : 0 }
  fileprivate var stalled: Int { isStalled ? 1 : 0 }
}

package struct PressureGroup {
  /// Tasks that wait for memory, that run or could, and that do both.
  private var stalled = 0
  private var runnable = 0
  private var reclaiming = 0
  private var changedAt: Instant
  /// When a count last changed.
  private var countedAt: Instant
  private var some = Stall()
  private var full = Stall()
  private var updatedAt: Instant
  private var nextUpdate: Instant
  /// When the averages will be moved; nil while the group is idle.
  private var workAt: Instant?
  private let fullTime: PressureFull
  private let tick: UInt64

  /// Stall time of one line, what of it the averages know, and the averages.
  fileprivate struct Stall {
    var total: UInt64 = 0
    var seen: UInt64 = 0
    var averages = (0, 0, 0)
  }

  fileprivate static let one = 1 << 11
  /// What is left of an average after a period.
  fileprivate static let decays = (1677, 1981, 2034)

  package init(_ profile: KernelProfile, now: Instant) {
    fullTime = profile.pressureFull
    tick = profile.numbers.tick
    changedAt = now
    countedAt = now
    updatedAt = now
    nextUpdate = now
    nextUpdate = now + period
  }

  /// Two seconds and a tick.
  private var period: Nanoseconds { Nanoseconds((2_000_000_000 / tick + 1) * tick) }
  private var isIdle: Bool { stalled == 0 && runnable == 0 }
  var isSome: Bool { stalled > 0 }

  /// A task goes from one state to another; what is neither runnable nor stalled is not there.
  package mutating func count(from old: PressureState, to new: PressureState, now: Instant) {
    advance(to: now)
    countedAt = now
    let wasIdle = isIdle
    stalled += new.stalled - old.stalled
    runnable += new.runnable - old.runnable
    reclaiming += new.stalled * new.runnable - old.stalled * old.runnable
    if wasIdle, !isIdle, workAt == nil { workAt = now + period }
  }

  /// A task that reclaims has had the CPU: each tick that found it there adds what passed since the
  /// counts changed, a tick at most (5.10).
  package mutating func ticks(from begin: Instant, to end: Instant) {
    guard fullTime == .nobodyRuns else { return }
    var at = (begin.nanoseconds / tick + 1) * tick
    while at <= end.nanoseconds {
      // Averages that are due meanwhile know the ticks before them only.
      advance(to: Instant(nanoseconds: at))
      full.total += min(tick, at - min(at, countedAt.nanoseconds))
      at += tick
    }
  }

  /// Stall time of one line up to now.
  mutating func total(isFull: Bool, now: Instant) -> Nanoseconds {
    advance(to: now)
    return Nanoseconds(isFull ? full.total : some.total)
  }

  package mutating func snapshot(now: Instant) -> PressureSnapshot {
    advance(to: now)
    if now >= nextUpdate { update(at: now) }
    var snapshot = PressureSnapshot()
    snapshot.some = some.line
    snapshot.full = full.line
    return snapshot
  }

  /// A task that runs is about to wait for memory that long, and cannot be interrupted meanwhile:
  /// the copy of a page, which is too short to come and go for.
  package mutating func stall(for duration: Nanoseconds, now: Instant) {
    advance(to: now)
    if stalled > 0 { return }
    some.total += duration.count
    full.total += fullTime(of: duration.count, reclaiming: reclaiming + 1)
  }

  // MARK: times

  private mutating func advance(to now: Instant) {
    while let work = workAt, work.nanoseconds <= now.nanoseconds {
      addTime(upTo: work)
      if work >= nextUpdate { update(at: work) }
      workAt = isIdle ? nil : nextUpdate
    }
    addTime(upTo: now)
  }

  private mutating func addTime(upTo now: Instant) {
    let elapsed = now.nanoseconds - changedAt.nanoseconds
    if stalled > 0 {
      some.total += elapsed
      full.total += fullTime(of: elapsed, reclaiming: reclaiming)
    }
    changedAt = now
  }

  private func fullTime(of elapsed: UInt64, reclaiming: Int) -> UInt64 {
    switch fullTime {
    case .nobodyElseRuns: runnable == reclaiming ? elapsed : 0
    case .nobodyRuns: runnable == 0 ? elapsed : 0
    }
  }

  // MARK: averages

  private mutating func update(at now: Instant) {
    let period = period.count
    let late = now.nanoseconds - nextUpdate.nanoseconds
    let missed = late / period
    nextUpdate = nextUpdate + Nanoseconds((1 + missed) * period)
    let elapsed = now.nanoseconds - (updatedAt.nanoseconds + missed * period)
    updatedAt = now
    some.move(missed: missed, elapsed: elapsed)
    full.move(missed: missed, elapsed: elapsed)
  }
}

extension PressureGroup.Stall {
  fileprivate mutating func move(missed: UInt64, elapsed: UInt64) {
    let sample = min(total - seen, elapsed)
    seen = total
    let percent = elapsed == 0 ? 0 : Int(sample * 100 / elapsed)
    averages.0 = Self.moved(averages.0, PressureGroup.decays.0, percent, missed)
    averages.1 = Self.moved(averages.1, PressureGroup.decays.1, percent, missed)
    averages.2 = Self.moved(averages.2, PressureGroup.decays.2, percent, missed)
  }

  private static func moved(_ average: Int, _ decay: Int, _ percent: Int, _ missed: UInt64) -> Int {
    var average = average
    if missed > 0 { average = next(average, power(decay, missed), 0) }
    return next(average, decay, percent * PressureGroup.one)
  }

  private static func next(_ average: Int, _ decay: Int, _ active: Int) -> Int {
    let one = PressureGroup.one
    let sum = average * decay + active * (one - decay) + (active >= average ? one - 1 : 0)
    return sum / one
  }

  /// A decay applied that many times, rounded at each squaring.
  private static func power(_ decay: Int, _ times: UInt64) -> Int {
    let one = PressureGroup.one
    var result = one, base = decay, left = times
    while left > 0 {
      if left & 1 == 1 { result = (result * base + one / 2) / one }
      left >>= 1
      if left > 0 { base = (base * base + one / 2) / one }
    }
    return result
  }

  fileprivate var line: PressureLine {
    func hundredths(_ average: Int) -> Int {
      average / PressureGroup.one * 100 + average % PressureGroup.one * 100 / PressureGroup.one
    }
    var line = PressureLine()
    line.average10 = hundredths(averages.0)
    line.average60 = hundredths(averages.1)
    line.average300 = hundredths(averages.2)
    line.total = Nanoseconds(total)
    return line
  }
}
