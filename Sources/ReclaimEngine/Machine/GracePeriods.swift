// SPDX-License-Identifier: Apache-2.0
// What is freed only after everybody who might still look at it has looked away: RCU, as far as it
// shows.
//
// Open files and nodes of the page cache's trees are given back a grace period after they were let
// go, and stay charged until then: memory.current right after a big free still has them in it. With
// one CPU whose tick notices that it has been through the scheduler, a grace period ends at the
// third tick (recordings: moves into a cgroup, which wait for one, and the kernel memory left after
// files were dropped from the cache).

import Timeline
import UAPI

/// A kernel object and who pays for it.
struct KernelObject: Equatable {
  /// The slab cache it goes back to; nil where its slabs are not told apart from what boot left.
  let kind: SlabKind?
  /// Bytes charged.
  let size: Int
  let owner: UInt16
  let isReclaimable: Bool
}

final class GracePeriods {
  private struct Freed {
    let due: Instant
    let object: KernelObject
    var count: Int
  }

  private static let ticks: UInt64 = 3
  private let timeline: Timeline
  private let tick: UInt64
  private let objects: ObjectCharges
  private let slabs: SlabCaches
  /// In the order in which they were let go; those before `first` are gone.
  private var pending: [Freed] = []
  private var first = 0
  private let work = WaitQueue()
  /// Told of pages of slabs that were freed with what was in them.
  var pagesFreed: ((Int) -> Void)?

  init(
    _ timeline: Timeline, _ profile: KernelProfile, objects: ObjectCharges, slabs: SlabCaches
  ) {
    self.timeline = timeline
    tick = profile.numbers.tick
    self.objects = objects
    self.slabs = slabs
    timeline.spawn("rcu") { [unowned self] fiber throws(Killed) in
      while true { try await endNext(fiber) }
    }
  }

  /// When a grace period that begins at that moment is over.
  func end(from begin: Instant) -> Instant {
    Instant(nanoseconds: (begin.nanoseconds / tick + Self.ticks) * tick)
  }

  /// Lets an object go: it is freed when the grace period is over.
  func free(_ object: KernelObject) {
    let due = end(from: timeline.now)
    if let last = pending.indices.last, last >= first, pending[last].due == due,
      pending[last].object == object
    {
      pending[last].count += 1
      return
    }
    pending.append(Freed(due: due, object: object, count: 1))
    if pending.count == first + 1 { work.wakeAll() }
  }

  /// Sleeps until a grace period has passed.
  func wait(_ fiber: Fiber) async throws(Killed) {
    try await fiber.sleep(end(from: timeline.now) - timeline.now)
  }

  private func release(_ object: KernelObject) {
    objects.free(object.owner, object.size, reclaimable: object.isReclaimable)
    guard let kind = object.kind else { return }
    let pages = slabs.free(kind)
    if pages > 0 { pagesFreed?(pages) }
  }

  private func endNext(_ fiber: Fiber) async throws(Killed) {
    guard first < pending.count else {
      try await work.wait(fiber)
      return
    }
    let due = pending[first].due
    if due > timeline.now { try await fiber.sleep(due - timeline.now) }
    while first < pending.count, pending[first].due <= timeline.now {
      let freed = pending[first]
      first += 1
      for _ in 0..<freed.count { release(freed.object) }
    }
    if first == pending.count {
      pending.removeAll(keepingCapacity: true)
      first = 0
    }
  }
}

/// Moves of tasks between cgroups keep forks and exits out, which nobody else may do meanwhile. The
/// first move waits for a grace period; until one has passed after the last, and one more where
/// moves followed each other, the next need not.
final class CgroupMoves {
  private let periods: GracePeriods
  private let timeline: Timeline
  private var quickUntil: Instant
  private var isRepeated = false

  init(_ timeline: Timeline, _ periods: GracePeriods) {
    self.periods = periods
    self.timeline = timeline
    quickUntil = timeline.now
  }

  func begin(_ fiber: Fiber) async throws(Killed) {
    if timeline.now >= quickUntil, isRepeated {
      isRepeated = false
      quickUntil = periods.end(from: quickUntil)
    }
    if timeline.now >= quickUntil { try await periods.wait(fiber) }
  }

  func end() {
    if timeline.now < quickUntil {
      isRepeated = true
    } else {
      quickUntil = periods.end(from: timeline.now)
      isRepeated = false
    }
  }
}
