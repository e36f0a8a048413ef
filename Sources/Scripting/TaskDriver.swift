// SPDX-License-Identifier: Apache-2.0
// One fiber drives one coroutine: a task of a scenario.
//
// The coroutine runs until it asks for an operation, which suspends it; the fiber asks the backend,
// perhaps sleeps, and resumes the coroutine with the answer. A coroutine is closed however the task
// ends, so its to-be-closed variables run.

import Lua
import Timeline
import UAPI

/// What a suspended task waits for.
struct PendingOperation {
  enum Request {
    case kernel(Operation)
    /// A signal of another task.
    case signal(String)
    /// Its own end.
    case exit
  }
  let request: Request
  /// As the scenario calls it: "t:open".
  let name: String
  /// What to say besides when the kernel cannot do it.
  let hint: String
  /// What the script gets for what the kernel answered; nil: the answer as it is.
  let answer: ((Outcome) -> [LuaValue])?
}

final class TaskObject {
  let name: String
  unowned let machine: MachineObject
  private unowned let host: ScenarioHost
  private let coroutine: LuaCoroutine
  private var pending: PendingOperation?
  private(set) var handle: TaskHandle?
  var hasFailed = false
  /// What is wrong with a call (m:call): whoever called is told, and may catch it.
  var failure: ScenarioFailure?
  /// Something else ended the run before the task had ended.
  private var isStopped = false
  /// Whether it only looks on (m:every): nobody waits for its end.
  let isObserver: Bool
  /// Whether somebody waits for what it answers (m:call).
  let isCall: Bool
  private(set) var hasBegun = false
  private(set) var hasEnded = false
  /// "file.lua:12": where it was spawned.
  let spawnedAt: String
  /// The signal it waits for; nil while it waits for none.
  private(set) var awaited: String?
  /// The areas it has mapped now, and how many got a name of ours.
  var areaNames: Set<String> = []
  var areasNamed = 0

  init(
    name: String, body: LuaCoroutine, on machine: MachineObject, at place: String,
    isObserver: Bool = false, isCall: Bool = false
  ) {
    spawnedAt = place
    self.name = name
    self.machine = machine
    host = machine.host
    self.isObserver = isObserver
    self.isCall = isCall
    coroutine = body
  }

  /// Lets the task begin in that cgroup when time passes; `object` is what its function receives.
  func start(in cgroup: String, as object: LuaObject) {
    if !isObserver { machine.observer.taskBegins() }
    handle = machine.backend.spawn(TaskSpec(name: name, cgroup: cgroup), exited: exited) {
      [self] task, fiber throws(Killed) in try await drive(task, fiber, object)
    }
  }

  /// What it held is freed, which took time: nobody need wait for it any more.
  private func exited() {
    if !isObserver { machine.observer.taskEnded() }
    hasEnded = true
    machine.look()
  }

  /// "running", "done", "killed", or "failed" after an error of its own.
  var state: TaskState {
    guard let handle, !hasFailed, !isStopped else { return hasFailed ? .failed : .running }
    return machine.backend.report(on: handle).state
  }

  /// "signal 'warm' (line 23)", "line 12": where it is now, for messages.
  var whereabouts: String {
    let place = coroutine.errorHere("").text.split(separator: ":")
    let line = place.count > 1 ? "line \(place[place.count - 2])" : "its beginning"
    return awaited.map { "signal '\($0)' (\(line))" } ?? line
  }

  private func drive(
    _ task: TaskHandle, _ fiber: Fiber, _ object: LuaObject
  ) async throws(Killed) {
    defer { close() }
    if fiber.isKilled { throw Killed() }
    hasBegun = true
    // Held here, for they are asked a few times for each operation; shutdown ends the fiber.
    let machine = machine, host = host, backend = machine.backend
    var resumption = resume { $0.resume(with: .object(object)) }
    var refusal: String?
    while true {
      switch resumption {
      case .returned: return
      case .failed(let error): return host.fail(self, Self.explained(error, after: refusal))
      case .suspended: break
      }
      guard let asked = pending.take() else {
        let mistake =
          "coroutine.yield in a task's own function yields to nobody; use t:sleep to wait"
        return host.fail(self, coroutine.errorHere(mistake))
      }
      if host.taskFailure != nil || host.stopped != nil {
        isStopped = true
        return
      }
      let outcome: Outcome
      switch asked.request {
      case .exit: return
      case .signal(let name):
        if !machine.signals.isGiven(name) {
          awaited = name
          machine.look()
          try await machine.queue(of: name).wait(fiber)
          awaited = nil
        }
        outcome = .done
      case .kernel(let operation):
        if isObserver { machine.look() }
        machine.observer.note(operation)
        outcome = try await backend.perform(operation, by: task, fiber)
      }
      // It may have been cut short; the script is not told.
      if !host.mayGoOn(machine) {
        isStopped = true
        return
      }
      refusal = nil
      if case .failed(let errno) = outcome { refusal = "\(asked.name) answered \(errno.rawValue)" }
      switch outcome {
      case .unsupported(let what): resumption = resume { $0.resume(raising: what + asked.hint) }
      case .done where asked.answer == nil: resumption = resume { $0.resume(with: .boolean(true)) }
      default:
        let values = asked.answer?(outcome) ?? Self.plain(outcome)
        resumption = resume { $0.resume(with: values) }
      }
    }
  }

  /// Whoever goes on without looking at the kernel's no stumbles over nil; the no is told then.
  private static func explained(_ error: LuaError, after refusal: String?) -> LuaError {
    guard let refusal, error.text.contains("a nil value") else { return error }
    var error = error
    error.text += "; just before, \(refusal)"
    return error
  }

  private func resume(_ how: (LuaCoroutine) -> LuaCoroutine.Resumption) -> LuaCoroutine.Resumption {
    host.running(self) { how(coroutine) }
  }

  private func close() {
    if let error = host.running(self, { coroutine.close() }) { host.fail(self, error) }
  }

  /// Suspends the task until the operation is performed. Only the task itself can, and only where
  /// it can wait.
  func ask(
    _ call: LuaCall, _ what: String, _ operation: Operation, hint: String = "",
    answer: ((Outcome) -> [LuaValue])? = nil
  ) throws(LuaError) -> LuaAnswer {
    try ask(call, what, .kernel(operation), hint: hint, answer: answer)
  }

  func ask(
    _ call: LuaCall, _ what: String, _ request: PendingOperation.Request, hint: String = "",
    answer: ((Outcome) -> [LuaValue])? = nil
  ) throws(LuaError) -> LuaAnswer {
    // Its own coroutine runs only while the task does.
    guard call.isDirectly(in: coroutine) else {
      try expectRunning(what)
      throw LuaError(
        """
        \(what) cannot wait inside a coroutine of the scenario's own; yield to the task and \
        call it there
        """
      )
    }
    guard call.canSuspend else {
      throw LuaError(
        """
        \(what) cannot wait here: a library function, a metamethod or a closing variable is \
        running
        """
      )
    }
    pending = PendingOperation(
      request: request, name: what, hint: hint, answer: answer)
    return .suspend
  }

  /// An error unless this very task calls.
  func expectRunning(_ what: String) throws(LuaError) {
    guard let current = host.current else {
      throw LuaError(
        "\(what) stands inside of time: only a task may call it, in the function given to m:spawn")
    }
    guard current === self else {
      throw LuaError(
        "\(what): this belongs to task '\(name)', and task '\(current.name)' is running")
    }
  }

  /// The kernel's answers as Lua's own libraries would give them: a no is nil and its name.
  static func plain(_ outcome: Outcome) -> [LuaValue] {
    switch outcome {
    case .done, .unsupported: [.boolean(true)]
    case .pages(let n), .frame(let n): [.integer(Int64(n))]
    case .failed(let errno): [.nil, .string(errno.rawValue)]
    }
  }
}
