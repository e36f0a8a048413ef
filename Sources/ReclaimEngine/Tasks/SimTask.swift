// SPDX-License-Identifier: Apache-2.0
// A process: the cgroup that pays for it, the files it has open, the time it used.

import Timeline
import UAPI

final class SimTask {
  let handle: TaskHandle
  let name: String
  let fiber: Fiber
  private let started: Instant
  private var ended: Instant?
  /// The cgroup that pays for what this task touches.
  var memcg: UInt16
  let space: AddressSpace
  /// −1000 (never chosen) to 1000.
  var oomScoreAdjust = 0
  /// Set while the task reclaims: its own allocations then do not recurse into reclaim
  /// (PF_MEMALLOC).
  var isReclaiming = false
  private var cpuTime: Nanoseconds = 0
  private var reclaimTime: Nanoseconds = 0
  private var openFiles: [OpenFile] = []

  init(
    _ handle: TaskHandle, _ spec: TaskSpec, memcg: UInt16, profile: KernelProfile, fiber: Fiber,
    now: Instant
  ) {
    self.handle = handle
    name = spec.name
    space = AddressSpace(programPages: spec.programPages, profile: profile)
    self.memcg = memcg
    self.fiber = fiber
    started = now
  }

  /// Uses the CPU; gives way only when something else is due meanwhile.
  func spend(_ nanoseconds: UInt64) async throws(Killed) {
    let duration = Nanoseconds(nanoseconds)
    note(duration)
    if fiber.trySpend(duration) { return }
    try await fiber.spend(duration)
  }

  /// The synchronous half of `spend`: false when somebody else is due first, and nothing was spent.
  @inline(__always) func trySpend(_ nanoseconds: UInt64) -> Bool {
    let duration = Nanoseconds(nanoseconds)
    guard fiber.trySpend(duration) else { return false }
    note(duration)
    return true
  }

  @inline(__always) private func note(_ duration: Nanoseconds) {
    cpuTime.count &+= duration.count
    if isReclaiming { reclaimTime.count &+= duration.count }
  }

  func openFile(_ file: FileMapping) -> OpenFile? { openFiles.first { $0.file === file } }
  func remember(_ open: OpenFile) { openFiles.append(open) }

  /// The task is gone; answers what it had open.
  func end(at now: Instant) -> [OpenFile] {
    ended = now
    defer { openFiles = [] }
    return openFiles
  }

  var report: TaskReport {
    TaskReport(
      name: name, state: ended == nil ? .running : fiber.isKilled ? .killed : .done, cpu: cpuTime,
      reclaiming: reclaimTime, started: started, ended: ended)
  }
}

/// An open file description: where reading stands and what readahead knows (reference 25 §25.1).
final class OpenFile {
  let file: FileMapping
  /// The cgroup that was charged for it.
  let memcg: UInt16
  var readahead = ReadaheadState()
  /// Byte behind the last read; −1 before the first.
  var previousEnd = -1
  /// Misses of mapped reads minus hits lately: read-around gives up when they prevail.
  var readMisses = 0
  /// FADV_RANDOM: every read fetches what it asks for, nothing else.
  var isRandom = false
  /// Largest window in pages.
  var readAheadPages: Int
  /// Where the pattern `next` stands, and the stream of patterns without a seed.
  var position = 0
  var stream: SplitMix64

  init(_ file: FileMapping, memcg: UInt16, readAheadPages: Int, stream: SplitMix64) {
    self.file = file
    self.memcg = memcg
    self.readAheadPages = readAheadPages
    self.stream = stream
  }
}
