// SPDX-License-Identifier: Apache-2.0
// do_try_to_free_pages: the cycles of direct reclaim, of the machine or inside a cgroup (reference
// 02 §§2.2, 2.3).
//
// A cycle goes through the priorities 12 to 0, each twice the share of the lists, until enough is
// freed. One that has freed nothing is repeated with deactivation forced where that was what held
// it back, and then with memory.low broken where cgroups were left alone because of it. What a task
// waits for in its cycles is its delay (taskstats: freepages).

import Timeline
import UAPI

extension Memory {
  func doTryToFreePages(_ control: inout ScanControl) async throws(Killed) {
    var cycle = ReclaimStep.Cycle.first
    while true {
      let begun = timeline.now
      beginCycle(cycle, control)
      try await runPriorities(&control)
      snapshotRefaults(control.target)
      if !control.isGlobal { tree.lruvec(control.target.number).pointee.isCongested = false }
      endCycle(since: begun, control.task)
      if control.reclaimed > 0 || control.isReadyForCompaction { return }
      if control.skippedDeactivate {
        cycle = .deactivate
        control.forceDeactivate = true
        control.skippedDeactivate = false
      } else if control.skippedLow {
        cycle = .low
        control.forceDeactivate = false
        control.reclaimsLow = true
        control.skippedLow = false
      } else {
        return
      }
    }
  }

  /// Until enough is freed, somebody else can see to the block, or the whole of each list has been
  /// scanned.
  private func runPriorities(_ control: inout ScanControl) async throws(Killed) {
    control.priority = profile.numbers.defaultPriority
    while true {
      control.scanned = 0
      notePriority(control)
      try await shrinkZones(&control)
      let (priority, scanned, reclaimed) = (control.priority, control.scanned, control.reclaimed)
      tracer.step(.priority(priority, scanned: scanned, reclaimed: reclaimed))
      if control.reclaimed >= control.toReclaim || control.isReadyForCompaction { return }
      if control.priority == 0 { return }
      control.priority -= 1
    }
  }

  /// shrink_zones: the node, unless each zone of it has so much free that compaction can make the
  /// large block that is wanted (reference 02 §2.4).
  private func shrinkZones(_ control: inout ScanControl) async throws(Killed) {
    if control.isGlobal, AllocationRequest.isCostly(control.order), control.gfp.contains(.io) {
      let zones = node.zones(upTo: control.highestZone)
      let ready = zones.count {
        $0.isReadyForCompaction(order: control.order, control.highestZone)
      }
      if ready > 0 { control.isReadyForCompaction = true }
      if ready == zones.count { return }
    }
    try await shrinkNode(&control)
    if endReason != nil { throw Killed() }
    try await considerThrottle(control)
  }

  /// A reclaim of the machine is a stall once in every cycle, counted by the highest zone that may
  /// be used.
  private func beginCycle(_ cycle: ReclaimStep.Cycle, _ control: ScanControl) {
    let stall = control.isGlobal ? Self.stall(control.highestZone) : nil
    if let stall { node.counters.add(1, to: stall) }
    tracer.step(.cycle(cycle, stall: stall?.name))
  }

  private func endCycle(since begun: Instant, _ thread: SimThread) {
    let delay = timeline.now - begun
    (thread as? SimTask)?.noteReclaimDelay(delay)
    tracer.step(.delay(delay.count))
  }

  private static func stall(_ highest: Int) -> VmCounter {
    switch highest {
    case 0: .allocstall_dma
    case 1: .allocstall_dma32
    case 2: .allocstall_normal
    default: .allocstall_movable
    }
  }

  /// Remembers which activations by refault this cycle has seen, as far as they were published
  /// (reference 04 §4.7).
  func snapshotRefaults(_ target: MemCgroup) {
    let lruvec = tree.lruvec(target.number)
    let seen = lruvec.pointee.publishedActivations
    lruvec.pointee.refaultsSeen = seen
    tracer.step(.snapshotRefaults(anon: seen.anon, file: seen.file))
  }
}
