// SPDX-License-Identifier: Apache-2.0
// The whole computer: its time, its memory, its tasks. Everything a run consists of hangs on one of
// these; nothing is global.

package import Timeline
package import UAPI

package struct BootError: Error {
  package var message: String
  package init(_ message: String) { self.message = message }
}

package final class Machine: Backend {
  package let timeline: Timeline
  package let memory: Memory
  private let tracer: Tracer
  private var markList: [(name: String, snapshot: Snapshot)] = []
  private let seed: UInt64
  /// Whether any task has asked for anything.
  var hasBegun = false
  /// Those that take turns by accesses.
  var turns: TurnTaking?
  /// The zones as they were asked for: what of them no zone keeps.
  let zoneSpecs: [ZoneSpec]

  /// Boots the machine a spec describes.
  /// - Parameters:
  ///   - trace: what is done with events; the digest needs at least `.digest`.
  ///   - paranoid: check all invariants after every event.
  /// - Throws: BootError when the spec contradicts itself, needs what is not built, or does not fit
  ///   into this host.
  package init(_ spec: MachineSpec, trace: TraceMode = .digest, paranoid: Bool = false)
    throws(BootError)
  {
    let profile = try KernelProfile.require(spec.kernel)
    timeline = Timeline(startingAt: Instant(nanoseconds: spec.bootedAt))
    tracer = Tracer(trace, timeline)
    memory = try Memory(spec, profile, timeline: timeline, tracer: tracer)
    seed = spec.seed
    zoneSpecs = spec.nodes[0].zones
    if paranoid {
      tracer.afterEvent = { [unowned self] in
        self.memory.requireInvariants(
          tasks: self.memory.tasks.count { $0.report.state == .running })
      }
    }
    var words: [UInt64] = [spec.seed, UInt64(memory.frames.count)]
    words += spec.files.map { UInt64($0.size.count) }
    tracer.note(.machine, words)
  }

  /// Kept events, when the machine was booted to record them.
  package var recordedEvents: [(at: Instant, event: TraceEvent)] { tracer.recorded }
  package var digest: Digest { tracer.digest }
  package var eventCount: UInt64 { tracer.events }
  package var marks: [(name: String, snapshot: Snapshot)] { markList }
  package var ended: String? { memory.endReason }
  package var kernelMessages: [KernelMessage] { memory.messages }
  package var kernel: String { memory.profile.name }

  package var files: [FileSpec] {
    memory.cache.files.map { FileSpec(name: $0.name, size: Pages($0.pages)) }
  }

  package var directories: [DirectorySpec] {
    memory.directoryCache.directories.map { DirectorySpec(name: $0.name, files: $0.files) }
  }

  // MARK: tasks

  @discardableResult
  package func spawn(
    _ spec: TaskSpec, exited: @escaping () -> Void,
    body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle {
    guard let cgroup = memory.tree.find(spec.cgroup) else {
      preconditionFailure("task '\(spec.name)': no cgroup '\(spec.cgroup)'")
    }
    let handle = TaskHandle(number: memory.tasks.count)
    let fiber = timeline.spawn(spec.name) { [unowned self] fiber throws(Killed) in
      self.task(handle).begin()
      self.memory.setRunnable(true, self.task(handle))
      do throws(Killed) {
        try await body(handle, fiber)
      } catch {
        await self.exit(self.task(handle))
        exited()
        throw error
      }
      await self.exit(self.task(handle))
      exited()
    }
    memory.tasks.append(
      SimTask(
        handle, spec, memcg: cgroup.number, profile: memory.profile, fiber: fiber,
        on: memory.processor, interrupts: memory.interrupts, now: timeline.now))
    return handle
  }

  func task(_ handle: TaskHandle) -> SimTask { memory.tasks[handle.number] }

  package func report(on task: TaskHandle) -> TaskReport { self.task(task).report }

  package func latencies(of task: TaskHandle) -> [LatencyCounts] {
    self.task(task).latencies.counts
  }

  /// What is left in the CPU's batches arrives, open files are closed. A run that was ended by the
  /// kernel stops all tasks.
  private func exit(_ task: SimTask) async {
    memory.batches.drain()
    await memory.unmapAll(task)
    memory.freeProgramTables(task.program)
    memory.pressure.change(task, to: PressureState(), in: task.memcg)
    for open in task.closeFiles() {
      await memory.close(open.file, task)
      memory.gracePeriods.free(
        KernelObject(
          kind: .file, size: memory.profile.objects.structFile, owner: open.memcg,
          isReclaimable: false))
    }
    task.end(at: timeline.now)
    turns?.leave(task, among: memory.tasks)
    if memory.endReason != nil {
      for other in memory.tasks where other !== task { other.fiber.kill() }
    }
  }

  // MARK: time

  package func run(until end: Instant) { timeline.run(until: end) }

  package func shutdown() { timeline.shutdown() }

  func keepMark(_ name: String, _ snapshot: Snapshot) {
    markList.append((name, snapshot))
    var words = [snapshot.at.nanoseconds]
    words += snapshot.vmstat.map { UInt64(bitPattern: Int64($0)) }
    tracer.note(.mark, words)
  }

  /// Folds the beginning of an operation into the digest.
  func noteOperation(_ number: UInt64, _ task: SimTask, _ words: [UInt64]) {
    tracer.noteOperation(number, of: task.handle.number, words)
  }

  /// The stream of random numbers of one consumer: its name and the machine's seed decide.
  func stream(_ name: String) -> SplitMix64 {
    RandomStreams(seed: seed).stream(name)
  }
}
