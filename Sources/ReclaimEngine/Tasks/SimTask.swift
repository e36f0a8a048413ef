// SPDX-License-Identifier: Apache-2.0
// A process: the cgroup that pays for it, the files it has open, the time it used.

import Timeline
import UAPI

final class SimTask: SimThread {
  let handle: TaskHandle
  let program: ProgramSpec
  /// Cycles of reclaim that it went through, and how long they took: taskstats' freepages.
  private(set) var reclaimDelay = TaskDelay()
  /// How long its faults, reads and stalls took.
  let latencies = LatencyRecorder()
  private let started: Instant
  private var ended: Instant?
  private var hasBegun = false
  /// What its faults have changed since the counts of its memory were settled.
  var unsettled: UnsettledCounts
  /// The cgroup that pays for what this task touches.
  var memcg: UInt16
  let space: AddressSpace
  /// −1000 (never chosen) to 1000.
  var oomScoreAdjust = 0
  /// Accesses of a turn where the task takes turns, and what is left of this one.
  var turnLength = Int.max
  var accessesLeft = Int.max
  /// How pressure sees it.
  var pressure = PressureState()
  /// Triggers it has waited for.
  var triggers: [(memcg: UInt16, trigger: PressureTrigger, state: TriggerState)] = []
  /// memory.events as they were when it last returned from waiting for a change.
  var seenEvents: [(memcg: UInt16, events: [Int])] = []
  /// Pages charged above a memory.high that it has to answer for before it leaves the kernel.
  var overHigh = 0
  private var isInKernel = false
  private var killReason: String?
  /// Nobody waits for its memory any more: it is gone, or the reaper has had its turn
  /// (MMF_OOM_SKIP).
  var isOomSkipped = false
  /// What its program held since before the machine was handed over has been given back.
  var hasLostProgram = false
  /// It sleeps in the kernel where a signal ends the sleep.
  var sleepsKillably = false
  private var openFiles: [OpenFile] = []
  private var openDirectories: [OpenDirectory] = []

  init(
    _ handle: TaskHandle, _ spec: TaskSpec, memcg: UInt16, profile: KernelProfile, fiber: Fiber,
    on processor: FairProcessor, interrupts: InterruptTime, now: Instant
  ) {
    self.handle = handle
    program = spec.program
    unsettled = UnsettledCounts(faults: spec.program.unsettledFaults)
    space = AddressSpace(programPages: spec.programPages, profile: profile)
    self.memcg = memcg
    started = now
    super.init(name: spec.name, fiber: fiber, on: processor, interrupts: interrupts)
  }

  /// The number the kernel's messages know it by; 1 is init's.
  var pid: Int { handle.number + 2 }
  /// The name in the kernel's messages: 15 characters at most.
  var command: String { program.command ?? String(name.prefix(15)) }
  var isAlive: Bool { hasBegun && ended == nil }
  var hasEnded: Bool { ended != nil }
  /// It runs, or will.
  var isOnItsWay: Bool { ended == nil && (hasBegun || !fiber.isKilled) }
  func begin() { hasBegun = true }
  func noteReclaimDelay(_ delay: Nanoseconds) { reclaimDelay.add(delay) }

  // MARK: death

  /// It has been killed and has not exited yet.
  var isDying: Bool { killReason != nil && ended == nil }

  private var wasKilled: Bool { killReason != nil || fiber.isKilled }

  /// SIGKILL: dies at once while it is outside the kernel, else when it returns from there.
  func kill(_ reason: String) {
    guard killReason == nil else { return }
    killReason = reason
    if !isInKernel { fiber.kill() } else if sleepsKillably { fiber.unpark() }
  }

  /// From here on a kill waits for `leaveKernel`.
  func enterKernel() { isInKernel = true }

  /// Whoever was killed meanwhile dies here.
  func leaveKernel() throws(Killed) {
    isInKernel = false
    if killReason != nil { throw Killed() }
  }

  /// Uses the CPU outside of the kernel, in the middle of an operation.
  func spendOutside(_ nanoseconds: UInt64) async throws(Killed) {
    try leaveKernel()
    if !trySpend(nanoseconds) { try await spend(nanoseconds) }
    enterKernel()
  }

  /// What it knows of the names of a directory that it looks up.
  /// - Parameter stream: where draws without a seed begin.
  func openDirectory(_ position: Int, _ stream: () -> SplitMix64) -> OpenDirectory {
    if let known = openDirectories.first(where: { $0.position == position }) { return known }
    let open = OpenDirectory(position, stream())
    openDirectories.append(open)
    return open
  }

  func openFile(named name: String) -> OpenFile? { openFiles.first { $0.file.name == name } }
  func remember(_ open: OpenFile) { openFiles.append(open) }

  /// The task is about to go; answers what it had open.
  func closeFiles() -> [OpenFile] {
    defer { openFiles = [] }
    return openFiles
  }

  func end(at now: Instant) { ended = now }

  var report: TaskReport {
    TaskReport(
      name: name, state: ended == nil ? .running : wasKilled ? .killed : .done, cpu: cpu,
      reclaiming: reclaiming, started: started, ended: ended, killReason: killReason,
      reclaimDelay: reclaimDelay)
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

/// A directory that a task looks names up in: where the pattern `next` stands, and the stream of
/// patterns without a seed.
final class OpenDirectory {
  let position: Int
  var next = 0
  var stream: SplitMix64

  init(_ position: Int, _ stream: SplitMix64) {
    self.position = position
    self.stream = stream
  }
}
