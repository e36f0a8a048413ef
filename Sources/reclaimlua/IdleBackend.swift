// SPDX-License-Identifier: Apache-2.0
// A machine that boots and performs nothing: what `check` runs a scenario on.
//
// Names are real (files, cgroups, areas, what is refused outright), and so is sleeping. Reading,
// touching and reclaiming are answered at once, as if nothing had stood in the way. A task that
// asks without end is let go after a while, since nothing it waits for will come.

import ReclaimEngine
import Timeline
import UAPI

final class IdleBackend: Backend {
  private let machine: Machine
  private var asked: [Int] = []
  /// Operations after which a task has shown everything it will.
  private static let patience = 10_000

  init(_ machine: Machine) { self.machine = machine }

  var timeline: Timeline { machine.timeline }
  var ended: String? { machine.ended }
  var digest: Digest { machine.digest }
  var eventCount: UInt64 { machine.eventCount }
  var files: [FileSpec] { machine.files }
  var directories: [DirectorySpec] { machine.directories }
  var slabs: [SlabUse] { machine.slabs }
  var marks: [(name: String, snapshot: Snapshot)] { machine.marks }
  func observe() -> Snapshot { machine.observe() }
  func text(of file: ProcFile) -> String? { machine.text(of: file) }
  func text(of file: CgroupFile, in path: String) -> String? { machine.text(of: file, in: path) }
  func report(on task: TaskHandle) -> TaskReport { machine.report(on: task) }
  func run(until end: Instant) { machine.run(until: end) }
  func shutdown() { machine.shutdown() }
  func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome {
    machine.configureCgroup(path: path, settings: settings)
  }

  @discardableResult
  func spawn(
    _ spec: TaskSpec, exited: @escaping () -> Void,
    body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle {
    asked.append(0)
    return machine.spawn(spec, exited: exited, body: body)
  }

  func perform(_ operation: Operation, by task: TaskHandle, _ fiber: Fiber)
    async throws(Killed) -> Outcome
  {
    asked[task.number] += 1
    guard asked[task.number] < Self.patience else {
      fiber.kill()
      throw Killed()
    }
    switch operation {
    case .makeCgroup, .setCgroup, .removeCgroup, .enter, .open, .map, .unmap, .setOomScoreAdjust,
      .mark, .sleep:
      return try await machine.perform(operation, by: task, fiber)
    case .read(let file, let pattern):
      let size = files.first { $0.name == file }?.size.count ?? 0
      if pattern.problem(over: size) != nil { return .failed(.EINVAL) }
    case .reclaim(_, let pages, _): return .pages(pages.count)
    case .allocatePages: return .frame(1)
    case .compute(let duration):
      try await fiber.sleep(duration)
      return .done
    case .adviseFile, .touch, .adviseArea, .lock, .unlock, .dropCaches, .stat, .takeTurns,
      .awaitPressure, .awaitEvents, .freePages, .writeSysctl, .sync, .fsync, .unlink,
      .makeFile:
      break
    }
    try await fiber.sleep(.microseconds(1))
    return .done
  }
}
