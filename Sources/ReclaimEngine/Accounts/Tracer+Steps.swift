// SPDX-License-Identifier: Apache-2.0
// Events of what happens rarely, and steps that only a recorder keeps.
//
// Waits, the zones an allocation looks at before it gives up, and a changed oom_score_adj are the
// kernel's events, so the digest knows them. The rest tells how it came to what the digest covers
// anyway.

import Timeline
import UAPI

extension Tracer {
  /// A reclaimer has slept.
  func throttled(
    node: Int, limit: Nanoseconds, slept: Nanoseconds, _ reason: ThrottleReason
  ) {
    guard isOn else { return }
    begin(.throttled)
    fold(limit.count, slept.count, UInt64(ThrottleReason.allCases.firstIndex(of: reason)!))
    keep(
      .throttled(
        node: node, timeout: limit.count / 1000, delayed: slept.count / 1000, reason))
  }

  func congestionWait(limit: Nanoseconds, slept: Nanoseconds) {
    guard isOn else { return }
    begin(.congestionWait)
    fold(limit.count, slept.count)
    keep(.congestionWait(timeout: limit.count / 1000, delayed: slept.count / 1000))
  }

  /// No device was congested: the waiter has only given way.
  func waitIffCongested(limit: Nanoseconds, slept: Nanoseconds) {
    guard isOn else { return }
    begin(.waitIffCongested)
    fold(limit.count, slept.count)
    keep(.waitIffCongested(timeout: limit.count / 1000, delayed: slept.count / 1000))
  }

  func reclaimRetryZone(_ zone: RetryZone) {
    guard isOn else { return }
    begin(.reclaimRetryZone)
    fold(word(zone.reclaimable), word(zone.available), word(zone.fruitless))
    keep(.reclaimRetryZone(zone))
  }

  func oomScoreAdjust(_ task: SimTask) {
    guard isOn else { return }
    begin(.oomScoreAdjust)
    fold(UInt64(task.pid), word(task.oomScoreAdjust))
    keep(.oomScoreAdjust(pid: task.pid, command: task.command, value: task.oomScoreAdjust))
  }

  /// The OOM reaper looks after a victim.
  func reaper(_ step: ReaperStep, _ victim: SimTask) {
    guard isOn else { return }
    begin(.reaper)
    fold(UInt64(ReaperStep.allCases.firstIndex(of: step)!), UInt64(victim.pid))
    keep(.reaper(step, pid: victim.pid))
  }

  /// A folio is handed to swap.
  @inline(__always) func writeFolio(_ frame: UInt32, isFolio: Bool) {
    if isRecording { record(.writeFolio(frame: frame, isFolio: isFolio)) }
  }

  /// What the kernel has no event for.
  @inline(__always) func step(_ step: @autoclosure () -> ReclaimStep) {
    if isRecording { record(.step(step())) }
  }
}
