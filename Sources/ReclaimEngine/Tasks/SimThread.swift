// SPDX-License-Identifier: Apache-2.0
// What the scheduler runs: a flow of control with its share of the CPU and the time it used. Tasks
// are threads, and so is kswapd.

import Timeline

class SimThread {
  let name: String
  let fiber: Fiber
  private let processor: FairProcessor
  private let share: FairProcessor.Share
  private let interrupts: InterruptTime
  /// Set while the thread reclaims: its own allocations then do not recurse into reclaim and may
  /// take what the marks keep back (PF_MEMALLOC).
  final var isReclaiming = false
  /// Pages of slabs that were freed while it was reclaiming and on the CPU, not yet counted by its
  /// reclaim (reference 10 §10.5).
  final var slabReclaimed = 0
  final var isRunning: Bool { processor.isCurrent(share) }
  private var cpuTime: Nanoseconds = 0
  private var reclaimTime: Nanoseconds = 0
  final var cpu: Nanoseconds { cpuTime }
  final var reclaiming: Nanoseconds { reclaimTime }

  init(name: String, fiber: Fiber, on processor: FairProcessor, interrupts: InterruptTime) {
    self.name = name
    self.fiber = fiber
    self.processor = processor
    self.interrupts = interrupts
    share = processor.share(for: fiber)
  }

  /// Uses the CPU, then gives way if that is asked for. What interrupts take of the time is used
  /// again.
  final func spend(_ nanoseconds: UInt64) async throws(Killed) {
    if trySpend(nanoseconds) { return }
    let duration = Nanoseconds(nanoseconds)
    note(duration)
    var used = interrupts.used
    try await processor.spend(duration, share)
    while interrupts.used != used {
      let lost = interrupts.used - used
      used += lost
      try await processor.spend(Nanoseconds(lost), share)
    }
  }

  /// The synchronous half of `spend`: false when somebody else may have a say first, and nothing
  /// was spent.
  @inline(__always) final func trySpend(_ nanoseconds: UInt64) -> Bool {
    let duration = Nanoseconds(nanoseconds)
    guard processor.trySpend(duration, share) else { return false }
    note(duration)
    return true
  }

  @inline(__always) private final func note(_ duration: Nanoseconds) {
    cpuTime.count &+= duration.count
    if isReclaiming { reclaimTime.count &+= duration.count }
  }

  final var isOnProcessor: Bool { processor.isCurrent(share) }

  /// Waits for the CPU, as one does that was asleep.
  final func acquireProcessor() async throws(Killed) { try await processor.acquire(share) }

  /// A place where the kernel may take the CPU away.
  final func giveWayIfDue() async throws(Killed) { try await processor.giveWayIfDue(share) }

  /// Sleeps off the CPU until `wake`, or until `limit` is over; answers whether it was woken.
  final func sleep(atMost limit: Nanoseconds? = nil) async throws(Killed) -> Bool {
    try await processor.sleep(share, atMost: limit)
  }

  final func wake() { processor.wake(share) }
}
