// SPDX-License-Identifier: Apache-2.0
// A workload performed on a backend that only writes down what it is asked.

import Fidelity
import Testing
import Timeline
import UAPI

/// Answers every operation, and notes it together with the task that asked.
private final class Notebook: Backend {
  let timeline = Timeline()
  private(set) var notes: [String] = []
  private(set) var marks: [(name: String, snapshot: Snapshot)] = []
  private(set) var isShutDown = false
  private var tasks: [(spec: TaskSpec, ended: Instant?)] = []
  var ended: String?
  /// What an operation whose text contains the key answers.
  var answers: [(contains: String, outcome: Outcome)] = []
  /// How long a task's exit takes after its last step.
  var exitTime: Nanoseconds = 0

  func spawn(
    _ spec: TaskSpec, exited: @escaping () -> Void,
    body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle {
    let handle = TaskHandle(number: tasks.count)
    tasks.append((spec, nil))
    timeline.spawn(spec.name) { fiber throws(Killed) in
      try await body(handle, fiber)
      try await fiber.sleep(self.exitTime)
      self.notes.append("\(spec.name) exits")
      self.tasks[handle.number].ended = self.timeline.now
      exited()
    }
    return handle
  }

  func perform(_ operation: Operation, by task: TaskHandle, _ fiber: Fiber)
    async throws(Killed) -> Outcome
  {
    let text = "\(operation)"
    notes.append("\(tasks[task.number].spec.name) \(text.prefix { $0 != "(" })")
    try await fiber.sleep(10)
    if case .mark(let name) = operation { marks.append((name, observe())) }
    return answers.first { text.contains($0.contains) }?.outcome ?? .done
  }

  func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome { .done }

  func observe() -> Snapshot {
    Snapshot(at: timeline.now, vmstat: [], nodes: [], cgroups: [])
  }

  func report(on task: TaskHandle) -> TaskReport {
    TaskReport(
      name: tasks[task.number].spec.name, state: .running, cpu: 0, reclaiming: 0, started: .boot,
      ended: tasks[task.number].ended)
  }

  func run(until end: Instant) { timeline.run(until: end) }
  var digest: Digest { Digest() }
  var eventCount: UInt64 { 0 }
  var files: [FileSpec] { [] }
  func shutdown() {
    isShutDown = true
    timeline.shutdown()
  }
}

@Suite struct RunnerTests {
  private func program(_ tasks: [(name: String, ops: [String])]) throws -> WorkloadProgram {
    try WorkloadOps.program(of: RecordingQuestion(Shipped.small(tasks: tasks)))
  }

  @Test func stepsArePerformedInOrderAndLoopsRepeat() throws {
    let notebook = Notebook()
    let run = WorkloadRunner.perform(
      try program([
        ("main", ["cgroup a", "loop 2", "read data seq", "mark m", "endloop", "enter /"])
      ]), on: notebook)
    #expect(
      notebook.notes == [
        "main makeCgroup", "main read", "main mark", "main read", "main mark", "main enter",
        "main exits",
      ])
    #expect(run.status == .ok)
    #expect(run.marks.map(\.name) == ["base", "m", "m", "end"])
    #expect(run.marks.map(\.snapshot.at.nanoseconds) == [0, 30, 50, 20_060])
    #expect(run.results.map(\.site.index) == [0, 2, 3, 2, 3, 5])
    #expect(run.results.allSatisfy { $0.value == 0 })
    #expect(run.events.count == 3)
    #expect(run.digest == Digest().text)
    #expect(notebook.isShutDown)
  }

  @Test func othersRunWhenTheyAreSpawnedAndAreWaitedForToTheirExit() throws {
    let notebook = Notebook()
    notebook.exitTime = 5_000
    let run = WorkloadRunner.perform(
      try program([
        ("main", ["mark a", "spawn late", "wait late", "mark b"]), ("late", ["enter a"]),
        ("never", ["enter b"]),
      ]), on: notebook)
    #expect(run.status == .ok)
    #expect(
      notebook.notes == ["main mark", "late enter", "late exits", "main mark", "main exits"])
  }

  @Test func aFailedOperationIsAnAnswerLikeAnother() throws {
    let notebook = Notebook()
    notebook.answers = [("reclaim", .failed(.EAGAIN)), ("mark", .done)]
    let run = WorkloadRunner.perform(
      try program([("main", ["reclaim a 4M", "mark m"])]), on: notebook)
    #expect(run.status == .ok)
    #expect(run.results.map(\.value) == [-11, 0])
  }

  @Test func whatTheBackendCannotDoEndsTheRunWithNothingTold() throws {
    let notebook = Notebook()
    notebook.answers = [("fadvise", .done), ("adviseFile", .unsupported("willneed is not built"))]
    let run = WorkloadRunner.perform(
      try program([
        ("main", ["spawn b", "mark m", "fadvise data willneed", "read data seq"]),
        ("b", ["msleep 1", "read data seq"]),
      ]), on: notebook)
    #expect(run.status == .unsupported)
    #expect(
      run.reason == "task main, op 2 `fadvise data willneed`: willneed is not built")
    #expect(run.marks.isEmpty && run.digest == nil && run.results.isEmpty)
    #expect(!notebook.notes.contains("main read"))
    #expect(notebook.isShutDown)
  }

  @Test func aKernelThatGivesUpEndsTheRunByName() throws {
    let notebook = Notebook()
    notebook.ended = "zone DMA32 falls below its low watermark; kswapd is not built"
    let run = WorkloadRunner.perform(try program([("main", ["mark m"])]), on: notebook)
    #expect(run.status == .unsupported)
    #expect(run.reason == notebook.ended)
    #expect(run.marks.isEmpty)
  }

  @Test func waitingForWhatNeverHappensIsAFailure() throws {
    let run = WorkloadRunner.perform(
      try program([("main", ["wait b", "mark m"]), ("b", [])]), on: Notebook())
    #expect(run.status == .failed)
    #expect(run.reason == "task main waits for something that never happens")
    let twice = WorkloadRunner.perform(
      try program([("main", ["spawn b b"]), ("b", [])]), on: Notebook())
    #expect(twice.reason == "task main, op 0 `spawn b b`: task b runs already")
  }
}
