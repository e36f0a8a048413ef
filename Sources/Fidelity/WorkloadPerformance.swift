// SPDX-License-Identifier: Apache-2.0
// The tasks of one workload while they run: one fiber each, walking the steps of its program.

import Timeline
import UAPI

final class WorkloadPerformance {
  private let program: WorkloadProgram
  private let backend: any Backend
  private let events: () -> [(at: Instant, event: TraceEvent)]
  private var started: [StartedTask] = []
  private(set) var results: [WorkloadRun.Result] = []
  /// How many events there were at each mark.
  private var eventsAtMarks: [Int] = []
  /// Set as soon as the workload cannot go on; every task then returns at its next step.
  private(set) var stop: WorkloadRun?

  private final class StartedTask {
    let name: String
    var handle: TaskHandle?
    var hasReturned = false
    var waiting: [Fiber] = []

    init(_ name: String) { self.name = name }
  }

  /// An exit takes time after the task's last step; so often a waiter looks whether it is over.
  private static let exitPoll = Nanoseconds.microseconds(20)

  init(
    _ program: WorkloadProgram, _ backend: any Backend,
    _ events: @escaping () -> [(at: Instant, event: TraceEvent)]
  ) {
    self.program = program
    self.backend = backend
    self.events = events
  }

  /// A task that has started and not come to its end.
  var unfinished: String? { started.first { !$0.hasReturned }?.name }

  /// Tasks that the kernel killed.
  var killed: [String] {
    started.filter { task in
      task.handle.map { backend.report(on: $0).killReason != nil } ?? false
    }.map(\.name)
  }

  /// Divides the events of the whole run at the marks.
  func eventsByInterval() -> [[TraceEvent]] {
    let all = events()
    let edges = [0] + eventsAtMarks + [all.count]
    return zip(edges, edges.dropFirst()).map { all[$0..<$1].map(\.event) }
  }

  func start(_ name: String) {
    guard let task = program.tasks.first(where: { $0.name == name }) else { return }
    let state = StartedTask(name)
    started.append(state)
    state.handle = backend.spawn(
      TaskSpec(
        name: name, programPages: program.tablePages,
        program: .recordingDriver(tablePages: program.tablePages))
    ) { handle, fiber throws(Killed) in
      defer {
        state.hasReturned = true
        for waiter in state.waiting { waiter.unpark() }
      }
      try await self.perform(task.steps, by: handle, fiber)
    }
  }

  private func perform(
    _ steps: [WorkloadStep], by handle: TaskHandle, _ fiber: Fiber
  ) async throws(Killed) {
    for step in steps {
      if stop != nil { return }
      switch step.action {
      case .perform(let operation):
        try await perform(operation, step.site, by: handle, fiber)
      case .loop(let times, let body):
        for _ in 0..<times { try await perform(body, by: handle, fiber) }
      case .spawn(let names):
        for name in names {
          if started.contains(where: { $0.name == name }) {
            stop = WorkloadRun(.failed, "\(step.site): task \(name) runs already")
            return
          }
          start(name)
        }
        record(step.site, 0)
      case .wait(let name):
        try await wait(for: name, fiber)
        record(step.site, 0)
      case .unsupported(let why):
        stop = WorkloadRun(.unsupported, "\(step.site): \(why)")
      }
    }
  }

  private func perform(
    _ operation: Operation, _ site: OpSite, by handle: TaskHandle, _ fiber: Fiber
  ) async throws(Killed) {
    switch try await backend.perform(operation, by: handle, fiber) {
    case .done, .pages, .frame: record(site, 0)
    case .failed(let errno): record(site, -errno.number)
    case .unsupported(let why): stop = WorkloadRun(.unsupported, "\(site): \(why)")
    }
    if case .mark = operation { eventsAtMarks.append(events().count) }
  }

  private func record(_ site: OpSite, _ value: Int) {
    results.append(WorkloadRun.Result(site: site, value: value))
  }

  /// Returns when the task has exited; a task that was never started is waited for until the end.
  private func wait(for name: String, _ fiber: Fiber) async throws(Killed) {
    guard let task = started.first(where: { $0.name == name }) else {
      try await fiber.park()
      return
    }
    try await wait(for: task, fiber)
  }

  /// Returns when every task that was started has exited.
  func waitForAll(_ fiber: Fiber) async throws(Killed) {
    var at = 0
    while at < started.count {
      try await wait(for: started[at], fiber)
      at += 1
    }
  }

  private func wait(for task: StartedTask, _ fiber: Fiber) async throws(Killed) {
    while !task.hasReturned {
      task.waiting.append(fiber)
      try await fiber.park()
    }
    while let handle = task.handle, backend.report(on: handle).ended == nil {
      try await fiber.sleep(Self.exitPoll)
    }
  }
}
