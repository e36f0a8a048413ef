// SPDX-License-Identifier: Apache-2.0
// A machine of the scenario: its tasks, what they wait for, and how far a run goes.
//
// Tasks count as the scenario's work: m:run() without a time ends with the last of them. What
// m:every runs looks on and holds nobody up. When every task waits for a signal and nobody is left
// who could give it, time would pass for nothing: the run ends and says who waits for what.

import Lua
import Timeline
import UAPI

final class MachineObject {
  unowned let host: ScenarioHost
  let made: MadeMachine
  var backend: any Backend { made.backend }
  let timeline: Timeline
  /// As it stood when it was handed over.
  let atBoot: Snapshot
  /// Those that the scenario has made and that are still there, in order of creation.
  private(set) var cgroups: [CgroupObject] = []
  /// The same by path: thousands are looked up one by one.
  private var cgroupsByPath: [String: CgroupObject] = [:]
  private(set) var tasks: [TaskObject] = []
  private(set) var notes: [(name: String, value: String)] = []
  let keepsTrace: Bool
  /// What was sampled and made use of.
  let observer: MachineObserver
  private(set) var signals = Signals()
  private var nodeObject: LuaObject?

  /// What ends the run that goes on now.
  private enum Goal {
    case none, tasks
    case task(TaskObject)
  }
  private var goal = Goal.none
  /// Functions of m:every.
  private var lookers = 0
  /// Why the run that goes on was ended; nil while it was not.
  private var standstill: String?

  /// Without a time, m:run ends after that much: a scenario that means more says so.
  private static let patience = Nanoseconds(86_400_000_000_000)
  /// How long m:every may take to give a signal that all tasks wait for.
  private static let expectation = Nanoseconds(60_000_000_000)
  private var waitingSince: Instant?

  init(_ made: MadeMachine, host: ScenarioHost, keepsTrace: Bool) {
    self.made = made
    timeline = made.backend.timeline
    self.host = host
    self.keepsTrace = keepsTrace
    atBoot = made.backend.observe()
    observer = MachineObserver(made.backend)
  }

  func add(_ cgroup: CgroupObject) {
    cgroups.append(cgroup)
    cgroupsByPath[cgroup.path] = cgroup
  }

  /// Whether the scenario has made a cgroup of that path, and not removed it.
  func hasCgroup(_ path: String) -> Bool { cgroupsByPath[path] != nil }

  /// It has been removed; its name may be taken again, by another.
  func removed(_ path: String) {
    guard let gone = cgroupsByPath.removeValue(forKey: path) else { return }
    gone.isGone = true
    cgroups.removeAll { $0 === gone }
  }

  func note(_ name: String, _ value: String) { notes.append((name, value)) }

  /// A task of the scenario's; an observer is not among those that a run waits for or reports.
  func start(_ task: TaskObject, in cgroup: String, as object: LuaObject) {
    if task.isObserver { lookers += 1 } else { tasks.append(task) }
    task.start(in: cgroup, as: object)
  }

  func nodes() -> LuaObject {
    if let nodeObject { return nodeObject }
    let made = host.state.wrap(NodesObject(self), as: NodesObject.kind)
    nodeObject = made
    return made
  }

  // MARK: running

  /// Lets that much time pass, or, without one, until all tasks have ended.
  func run(for duration: Nanoseconds?) throws(LuaError) {
    let start = timeline.now
    goal = duration == nil ? .tasks : .none
    try advance(until: start + (duration ?? Self.patience))
    if let standstill { throw LuaError(standstill) }
    if duration == nil, let task = living.first {
      if timeline.now < start + Self.patience {
        throw LuaError(
          """
          m:run: nothing is due any more, and '\(task.name)' has not ended: it waits at \
          \(task.whereabouts)
          """)
      }
      throw LuaError(
        """
        m:run: after a day of simulated time '\(task.name)' has not ended and is at \
        \(task.whereabouts); give m:run a time, as m:run "60 s"
        """)
    }
  }

  /// Lets time pass until that task has ended.
  func run(to task: TaskObject) throws(LuaError) {
    goal = .task(task)
    try advance(until: .distantFuture)
    if let failure = task.failure { throw LuaError(placed: failure.text) }
    if let standstill { throw LuaError(standstill) }
  }

  private var living: [TaskObject] { tasks.filter { !$0.hasEnded } }

  private func advance(until end: Instant) throws(LuaError) {
    standstill = nil
    waitingSince = nil
    let isTimed = if case .none = goal { true } else { false }
    observer.runBegins(until: isTimed ? end : .distantFuture)
    if !isReached {
      look()
      backend.run(until: end)
    }
    goal = .none
    if let stopped = host.stopped { throw LuaError("m:run: \(stopped)") }
    if let failure = host.taskFailure { throw LuaError(placed: failure.text) }
    if let ended = backend.ended { throw LuaError(ended) }
  }

  private var isReached: Bool {
    switch goal {
    case .none: false
    case .tasks: tasks.allSatisfy(\.hasEnded)
    case .task(let task): task.hasEnded
    }
  }

  /// Looks whether the run has an end: a task has ended, begins to wait, or goes on.
  func look() {
    if isReached { return timeline.stop() }
    if case .none = goal { return }
    let living = self.living
    guard living.allSatisfy({ $0.awaited != nil }) else {
      waitingSince = nil
      return
    }
    // What looks on might give the signal; after a while it is not to be expected.
    let since = waitingSince ?? timeline.now
    waitingSince = since
    if lookers == 0 || timeline.now - since >= Self.expectation {
      let waits = living.map { "'\($0.name)' for \($0.whereabouts)" }
      standstill = "every task waits: " + waits.joined(separator: ", ")
      timeline.stop()
    }
  }
}

/// What tasks tell each other: a signal once given stays given.
struct Signals {
  private var given: Set<String> = []
  private var queues: [String: WaitQueue] = [:]

  func isGiven(_ name: String) -> Bool { given.contains(name) }

  mutating func give(_ name: String) {
    given.insert(name)
    queues.removeValue(forKey: name)?.wakeAll()
  }

  /// Where those wait who want it.
  mutating func queue(of name: String) -> WaitQueue {
    if let queue = queues[name] { return queue }
    let queue = WaitQueue()
    queues[name] = queue
    return queue
  }
}

extension MachineObject {
  func give(_ signal: String) { signals.give(signal) }
  func queue(of signal: String) -> WaitQueue { signals.queue(of: signal) }
}
