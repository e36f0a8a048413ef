// SPDX-License-Identifier: Apache-2.0
// CPU time that interrupts take from whoever runs.
//
// A device's completions are worked off by the CPU that runs the tasks. While that lasts nobody
// else makes progress: a task that was computing takes that much longer, one that was woken starts
// when the interrupts are done.

import Timeline

final class InterruptTime {
  private let timeline: Timeline
  private var begun: UInt64 = 0
  private var busyUntil = Instant.boot

  init(_ timeline: Timeline) { self.timeline = timeline }

  /// An interrupt begins and keeps the CPU that long.
  func begin(_ cost: UInt64) {
    begun += cost
    busyUntil = timeline.now + Nanoseconds(cost)
  }

  /// Nanoseconds that interrupts have used until now.
  var used: UInt64 {
    begun - (busyUntil > timeline.now ? (busyUntil - timeline.now).count : 0)
  }

  /// Sleeps until the interrupts that are due have been worked off.
  func waitUntilQuiet(_ fiber: Fiber) async throws(Killed) {
    while busyUntil > timeline.now { try await fiber.sleep(busyUntil - timeline.now) }
  }
}
