// SPDX-License-Identifier: Apache-2.0
// One Lua state, one scenario: the main chunk stands outside of time, the tasks it spawns live
// inside.
//
// The host introduces the script to backends without knowing which: whoever owns it hands in
// closures that make a machine and read a file beside the scenario. Nothing here opens anything.

package import Lua
package import Timeline
package import UAPI

/// What a scenario asked to be booted.
package struct MachineRequest: Sendable {
  package struct Node: Sendable, Equatable {
    package var cpus: Int
    package var memory: Bytes
  }

  /// Name of the file that describes the machine, as the scenario wrote it; nil: `nodes` do.
  package var like: String?
  /// The kernel that was asked for; nil: the file's own, or the default.
  package var kernel: String?
  package var nodes: [Node]
  /// The machine's own seed; nil: the run's.
  package var seed: UInt64?
  package var defaultSeed: UInt64
  /// The disk of the files; nil: what the file describes, or the default.
  package var disk: DiskSpec?
  /// Files beside those of the description.
  package var files: [FileSpec]
  /// Directories of small files.
  package var directories: [DirectorySpec] = []
  /// The swap area, in place of one that the description has.
  package var swap: DiskSpec?
  /// Whether there is to be none, whatever the description has.
  package var withoutSwap: Bool
  /// Sysctls by full name, set before the machine is handed over.
  package var sysctls: [(name: String, value: Int)]
  /// Whether trace events are to be kept.
  package var trace: Bool
  /// The mount option memory_recursiveprot.
  package var recursiveProtection = false
}

/// Why there is no such machine, in words for the scenario's author.
package struct MachineProblem: Error {
  package var message: String
  package init(_ message: String) { self.message = message }
}

/// A booted machine, its description's set-up performed.
package struct MadeMachine {
  package var backend: any Backend
  package var kernel: String
  /// "1 node × 384 MiB, 1 CPU".
  package var description: String
  package var cpus: Int
  /// The kernel whose state it began with, when it is not the one that runs.
  package var recordedOn: String?
  /// The events kept so far, when they were asked for.
  package var traceEvents: () -> [(at: Instant, event: TraceEvent)]

  package init(
    backend: any Backend, kernel: String, description: String, cpus: Int = 1,
    recordedOn: String? = nil,
    traceEvents: @escaping () -> [(at: Instant, event: TraceEvent)] = { [] }
  ) {
    self.backend = backend
    self.kernel = kernel
    self.description = description
    self.cpus = cpus
    self.recordedOn = recordedOn
    self.traceEvents = traceEvents
  }
}

/// What a scenario needs from outside.
package struct ScenarioOutside {
  package var write: (String) -> Void
  package var text: (String) -> String?
  package var makeMachine: (MachineRequest) -> Result<MadeMachine, MachineProblem>
  /// How far recordings cover what a machine did, a line for each thing that can be said.
  package var judge: (MachineReport) -> [String] = { _ in [] }
  /// Told before each operation: simulated time, and how many events there were.
  package var progress: ((Instant, UInt64) -> Void)?

  package init(
    write: @escaping (String) -> Void, text: @escaping (String) -> String? = { _ in nil },
    makeMachine: @escaping (MachineRequest) -> Result<MadeMachine, MachineProblem>
  ) {
    self.write = write
    self.text = text
    self.makeMachine = makeMachine
  }
}

package final class ScenarioHost {
  let outside: ScenarioOutside
  package let state: LuaState
  let seed: UInt64
  /// The kernel that the run was started with; nil: the scenario's own choice.
  let kernel: String?
  /// Whether the script had Lua's whole standard library.
  package let isTrusted: Bool
  let name: String
  let limits: RunLimits
  private var headingIsComplete = false

  private(set) var machines: [MachineObject] = []
  var expectations: [Expectation] = []
  /// The task that runs now; nil while the main chunk does.
  private(set) var current: TaskObject?
  /// The first error of a task; from then on no task asks for anything more.
  private(set) var taskFailure: ScenarioFailure?
  /// Of the last call (m:call) that failed: where no chunk catches it, it tells more than the
  /// chunk's own error.
  private var lastCallFailure: ScenarioFailure?
  /// The first error of the main chunk and of others beside it.
  private var chunkFailure: ScenarioFailure?
  /// Why no task may go on, which is no mistake of any of them; nil while they may.
  var stopped: String?

  /// - Parameters:
  ///   - name: what messages call the scenario.
  ///   - arguments: the global `arg`, from arg[1] on.
  ///   - kernel: the global `kernel`.
  ///   - trusted: Lua's whole standard library instead of the sandbox; then nothing promises that
  ///     two runs are equal.
  package init(
    name: String, arguments: [String] = [], wordsBefore: [String] = [], seed: UInt64 = 1,
    kernel: String? = nil, trusted: Bool = false, budget: LuaBudget = LuaBudget(),
    limits: RunLimits = RunLimits(), outside: ScenarioOutside
  ) {
    self.name = name
    self.limits = limits
    self.seed = seed
    self.kernel = kernel
    self.outside = outside
    isTrusted = trusted
    state = LuaState(budget: budget)
    let host = SandboxHost(
      seed: seed, now: { [unowned self] in now }, write: { [unowned self] in write($0) },
      text: outside.text)
    if trusted { TrustedLibrary.install(in: state, host) } else { Sandbox.install(in: state, host) }
    state.setGlobal("kernel", kernel.map { .string($0) } ?? .nil)
    state.setArguments(name, arguments, before: wordsBefore)
    installFunctions()
  }

  /// Runs the scenario to its end and tells what came of it. Once only.
  package func run(_ text: String, arguments: [String] = []) -> RunReport {
    perform(text, name: name, arguments: arguments)
    return finish()
  }

  /// Runs a chunk outside of time. Answers its error; the first one is the report's as well.
  /// - Parameter arguments: the chunk's `...`.
  @discardableResult
  package func perform(_ text: String, name: String, arguments: [String] = []) -> LuaError? {
    do throws(LuaError) {
      try state.run(
        Self.withoutShebang(text), name: name, arguments: arguments.map { .string($0) })
      return nil
    } catch {
      let failure = ScenarioFailure(
        text: error.text + Self.hint(for: error.text), traceback: error.traceback)
      let isOfCall = failure.text == lastCallFailure?.text
      chunkFailure = chunkFailure ?? (isOfCall ? lastCallFailure : failure)
      return error
    }
  }

  /// Tells what came of all chunks and lets the machines go. The last that is asked of a host.
  package func finish() -> RunReport {
    var failure = taskFailure ?? chunkFailure
    if failure == nil, let stopped {
      failure = ScenarioFailure(text: "\(name): \(stopped)", traceback: nil)
    }
    if failure == nil, let ended = machines.lazy.compactMap(\.backend.ended).first {
      failure = ScenarioFailure(text: "\(name): \(ended)", traceback: nil)
    }
    failure = failure ?? neverBegun
    let report = RunReport(self, failure: failure)
    for machine in machines { machine.backend.shutdown() }
    return report
  }

  /// Whoever forgets m:run sees tasks that do nothing.
  private var neverBegun: ScenarioFailure? {
    for machine in machines where machine.backend.ended == nil {
      guard let task = machine.tasks.first(where: { !$0.hasBegun }) else { continue }
      let text =
        "\(task.spawnedAt): task '\(task.name)' never began: no m:run comes after its m:spawn"
      return ScenarioFailure(text: text, traceback: nil)
    }
    return nil
  }

  /// The global that was probably meant, when a name that is none was called or indexed.
  private static func hint(for error: String) -> String {
    guard let name = error.split(separator: "(global '").last?.split(separator: "'").first,
      error.hasSuffix("(global '\(name)')"),
      let near = NearestName.of(
        String(name), among: Globals.bindings.map(\.name) + SandboxNames.globals)
    else { return "" }
    return "; did you mean '\(near)'?"
  }

  /// A first line for the shell is no Lua; the line itself stays, so that numbers of lines are
  /// right.
  private static func withoutShebang(_ text: String) -> String {
    text.hasPrefix("#") ? "--" + text : text
  }

  /// Simulated time of the machine that matters here: the running task's, or the youngest.
  private var now: Instant {
    (current?.machine ?? machines.last)?.timeline.now ?? .boot
  }

  // MARK: Output

  /// Writes what the script says, below the line that says which run this is.
  func write(_ text: String) {
    if !headingIsComplete, machines.isEmpty {
      headingIsComplete = true
      outside.write("seed \(seed)\n")
    }
    outside.write(text)
  }

  func add(_ machine: MachineObject) {
    let heading = "kernel \(machine.made.kernel)   machine \(machine.made.description)\n"
    outside.write(headingIsComplete || !machines.isEmpty ? heading : "seed \(seed)   " + heading)
    headingIsComplete = true
    machine.backend.limitOperations(events: limits.events, interruption: LuaInterruption.word)
    machines.append(machine)
  }

  // MARK: Tasks

  /// Runs a part of a task: until it asks for something, or its end.
  func running<Result>(_ task: TaskObject, _ part: () -> Result) -> Result {
    let outer = current
    current = task
    defer { current = outer }
    return part()
  }

  func fail(_ task: TaskObject, _ error: LuaError) {
    task.hasFailed = true
    let text = "\(error.text)\(Self.hint(for: error.text)) (in task '\(task.name)')"
    let failure = ScenarioFailure(text: text, traceback: error.traceback)
    if task.isCall {
      task.failure = task.failure ?? failure
      lastCallFailure = task.failure
    } else {
      taskFailure = taskFailure ?? failure
    }
  }

  /// An error unless the main chunk runs.
  /// - Parameter instead: what a task calls, where there is something.
  func expectOutsideOfTime(_ what: String, instead: String? = nil) throws(LuaError) {
    if let current {
      throw LuaError(
        """
        \(what) stands outside of time: the main chunk may call it, the task \
        '\(current.name)' may not\(instead.map { "; a task calls \($0)" } ?? "")
        """
      )
    }
  }
}

/// Why a scenario failed.
package struct ScenarioFailure: Equatable {
  /// With file and line.
  package var text: String
  package var traceback: String?
}
