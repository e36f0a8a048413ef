// SPDX-License-Identifier: Apache-2.0
// Who watches: nobody, the digest, or a recorder.
//
// Every trace event is folded into 64 bits, field by field, behind its number; a recorder keeps it
// as well, in the kernel's own words. The folios that a batch evicted are folded into one word on
// the way, so one page changed alters the digest.

import Timeline
import UAPI

package enum TraceMode: Sendable { case off, digest, record }

/// The numbers that events have in the digest; never reordered.
enum EventNumber: UInt64 {
  case memcgReclaimBegin = 1, memcgReclaimEnd, lruIsolate, lruShrinkInactive, lruShrinkActive
  case shrinkSlabStart, shrinkSlabEnd, mark, operation, machine, markVictim
  case directReclaimBegin, directReclaimEnd, wakeupKswapd, kswapdWake, kswapdSleep
  case throttled, congestionWait, waitIffCongested, reclaimRetryZone, oomScoreAdjust
  case reaper
}

final class Tracer {
  private let mode: TraceMode
  private let timeline: Timeline
  /// Behind a pointer, where folding a word costs no check of exclusive access.
  private let folded: UnsafeMutablePointer<Digest>
  var digest: Digest { folded.pointee }
  private(set) var events: UInt64 = 0
  private(set) var recorded: [(at: Instant, event: TraceEvent)] = []
  /// Called after each event: `--paranoid` checks the invariants here.
  var afterEvent: (() -> Void)?

  init(_ mode: TraceMode, _ timeline: Timeline) {
    self.mode = mode
    self.timeline = timeline
    folded = .allocate(capacity: 1)
    folded.initialize(to: Digest())
  }

  deinit { folded.deallocate() }

  @inline(__always) var isOn: Bool { mode != .off }

  /// Whether events are kept.
  @inline(__always) var isRecording: Bool { mode == .record }

  func begin(_ number: EventNumber) {
    events &+= 1
    folded.pointee.fold(number.rawValue, timeline.now.nanoseconds)
  }

  func keep(_ event: @autoclosure () -> TraceEvent) {
    if mode == .record { recorded.append((timeline.now, event())) }
    if let afterEvent { afterEvent() }
  }

  /// Folds what belongs to the event that has begun.
  func fold(_ words: UInt64...) {
    for word in words { folded.pointee.fold(word) }
  }

  /// Keeps an event that the digest does not know.
  @inline(never) func record(_ event: TraceEvent) { recorded.append((timeline.now, event)) }

  func memcgReclaimBegin(_ gfp: GfpFlags, memcg: UInt16) {
    guard isOn else { return }
    begin(.memcgReclaimBegin)
    folded.pointee.fold(UInt64(gfp.rawValue) << 16 | UInt64(memcg))
    keep(.memcgReclaimBegin(order: 0, gfp: gfp))
  }

  func memcgReclaimEnd(reclaimed: Int) {
    guard isOn else { return }
    begin(.memcgReclaimEnd)
    folded.pointee.fold(UInt64(reclaimed))
    keep(.memcgReclaimEnd(reclaimed: reclaimed))
  }

  func directReclaimBegin(order: Int, _ gfp: GfpFlags) {
    guard isOn else { return }
    begin(.directReclaimBegin)
    folded.pointee.fold(UInt64(gfp.rawValue) << 16 | UInt64(order))
    keep(.directReclaimBegin(order: order, gfp: gfp))
  }

  func directReclaimEnd(reclaimed: Int) {
    guard isOn else { return }
    begin(.directReclaimEnd)
    folded.pointee.fold(UInt64(reclaimed))
    keep(.directReclaimEnd(reclaimed: reclaimed))
  }

  func wakeupKswapd(node: Int, order: Int, _ gfp: GfpFlags) {
    guard isOn else { return }
    begin(.wakeupKswapd)
    folded.pointee.fold(UInt64(gfp.rawValue) << 16 | UInt64(node) << 8 | UInt64(order))
    keep(.wakeupKswapd(node: node, order: order, gfp: gfp))
  }

  func kswapdWake(node: Int, order: Int) {
    guard isOn else { return }
    begin(.kswapdWake)
    folded.pointee.fold(UInt64(node) << 8 | UInt64(order))
    keep(.kswapdWake(node: node, order: order))
  }

  func kswapdSleep(node: Int) {
    guard isOn else { return }
    begin(.kswapdSleep)
    folded.pointee.fold(UInt64(node))
    keep(.kswapdSleep(node: node))
  }

  func lruIsolate(_ i: Isolation, zoneIndex: Int, list: Int) {
    guard isOn else { return }
    begin(.lruIsolate)
    folded.pointee.fold(
      UInt64(i.requested) << 32 | UInt64(i.scanned), UInt64(i.taken) << 32 | UInt64(list))
    keep(
      .lruIsolate(
        isolateMode: 0, classZone: zoneIndex, order: 0, requested: i.requested,
        scanned: i.scanned, skipped: i.skipped, taken: i.taken, list: LruListName(rawValue: list)!))
  }

  func lruShrinkInactive(
    node: Int, scanned: Int, _ t: ShrinkTally, priority: Int, file: Bool, evicted: UInt64
  ) {
    guard isOn else { return }
    begin(.lruShrinkInactive)
    folded.pointee.fold(
      UInt64(scanned) << 32 | UInt64(t.reclaimed),
      UInt64(t.activatedFile &+ t.activatedAnon) << 32 | UInt64(t.referencedKept))
    folded.pointee.fold(
      UInt64(priority) << 8 | UInt64(node) << 1 | (file ? 1 : 0), evicted)
    keep(
      .lruShrinkInactive(
        node: node, scanned: scanned, reclaimed: t.reclaimed, dirty: t.dirty,
        writeback: t.writeback, congested: t.congested, immediate: t.immediate,
        activatedAnon: t.activatedAnon, activatedFile: t.activatedFile,
        referencedKept: t.referencedKept, unmapFailed: t.unmapFailed, priority: priority,
        file: file))
  }

  func lruShrinkActive(
    node: Int, taken: Int, active: Int, deactivated: Int, referenced: Int, priority: Int,
    file: Bool
  ) {
    guard isOn else { return }
    begin(.lruShrinkActive)
    folded.pointee.fold(
      UInt64(taken) << 32 | UInt64(deactivated),
      UInt64(active) << 32 | UInt64(priority) << 1 | (file ? 1 : 0))
    keep(
      .lruShrinkActive(
        node: node, taken: taken, active: active, deactivated: deactivated,
        referenced: referenced, priority: priority, file: file))
  }

  func shrinkSlabStart(
    _ shrinker: String, node: Int, _ scan: SlabScan, deferred: Int, freeable: Int, priority: Int,
    gfp: GfpFlags
  ) {
    guard isOn else { return }
    // As `begin`, in one fold: asked for each cgroup at each priority.
    events &+= 1
    folded.pointee.fold(
      EventNumber.shrinkSlabStart.rawValue, timeline.now.nanoseconds, word(deferred),
      word(freeable), word(scan.delta), word(scan.total), word(priority))
    keep(
      .shrinkSlabStart(
        shrinker: shrinker, node: node, deferred: deferred, gfp: gfp, cacheItems: freeable,
        delta: scan.delta, totalScan: scan.total, priority: priority))
  }

  func shrinkSlabEnd(
    _ shrinker: String, node: Int, unused: Int, new: Int, total: Int, freed: Int
  ) {
    guard isOn else { return }
    events &+= 1
    folded.pointee.fold(
      EventNumber.shrinkSlabEnd.rawValue, timeline.now.nanoseconds, word(unused), word(new),
      word(total), word(freed))
    keep(
      .shrinkSlabEnd(
        shrinker: shrinker, node: node, unusedScan: unused, newScan: new, totalScan: total,
        returned: freed))
  }

  func markVictim(_ task: SimTask, _ size: ResidentPages, _ form: OomReportForm) {
    guard isOn else { return }
    begin(.markVictim)
    folded.pointee.fold(UInt64(task.pid))
    folded.pointee.fold(UInt64(size.resident) << 32 | UInt64(size.swapped))
    let sizes = VictimSizes(
      command: task.command, virtual: size.virtual, anonymous: size.anonymous, file: size.file,
      shmem: size.shmem, tables: size.tables, oomScoreAdjust: task.oomScoreAdjust)
    keep(.markVictim(pid: task.pid, form == .sizes ? sizes : nil))
  }

  /// A mark, or what was booted: its number and words are folded.
  func note(_ number: EventNumber, _ words: [UInt64]) {
    guard isOn else { return }
    begin(number)
    for word in words { folded.pointee.fold(word) }
    if let afterEvent { afterEvent() }
  }

  /// An operation of a task begins.
  func noteOperation(_ number: UInt64, of task: Int, _ words: [UInt64]) {
    guard isOn else { return }
    begin(.operation)
    folded.pointee.fold(number)
    folded.pointee.fold(UInt64(task))
    for word in words { folded.pointee.fold(word) }
    if let afterEvent { afterEvent() }
  }
}

extension Digest {
  /// Folds a text byte by byte, its length first.
  mutating func fold(_ text: String) {
    fold(UInt64(text.utf8.count))
    for byte in text.utf8 { fold(UInt64(byte)) }
  }
}

/// A number as the digest folds it.
func word(_ n: Int) -> UInt64 { UInt64(bitPattern: Int64(n)) }

extension AccessPattern {
  /// What the digest folds of a read: whatever changes one of its accesses changes a word.
  var words: [UInt64] {
    let shape: [UInt64]
    switch self.shape {
    case .sequential: shape = [0]
    case .reverse: shape = [1]
    case .next: shape = [2]
    case .random: shape = [3]
    case .zipf(let scramble): shape = [4, scramble ? 1 : 0]
    case .hot(let pages, let percent): shape = [5, word(pages), word(percent)]
    }
    let range = [from, length ?? -1, stride, count ?? -1, repetitions].map { word($0) }
    return shape + range + [seed == nil ? 0 : 1, seed ?? 0]
  }
}

extension FileAdvice {
  var number: UInt64 { word(FileAdvice.allCases.firstIndex(of: self)!) }
}
