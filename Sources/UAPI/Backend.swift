// SPDX-License-Identifier: Apache-2.0
// What a kernel must offer to be asked operations: the simulated machine does, a live one will.

package import Timeline

/// Names one task of a backend.
package struct TaskHandle: Hashable, Sendable {
  package var number: Int
  package init(number: Int) { self.number = number }
}

/// What a task's program consists of besides the areas it maps: counted as the task's, paid for by
/// nobody here.
package struct ProgramSpec: Sendable {
  /// The name the kernel knows it by; nil: the task's own.
  package var command: String?
  /// Virtual size, resident pages by kind, and page tables, all in pages.
  package var virtual = 0, anonymous = 0, file = 0, shmem = 0, tables = 0
  /// Of the anonymous pages, those that boot left on the unevictable list, and pages of the kernel
  /// for the process (tables, stack): given back when the task exits.
  package var locked = 0, kernel = 0
  /// Faults since the task last settled its resident counts.
  package var unsettledFaults = 0

  package init() {}
}

package struct TaskSpec: Sendable {
  package var name: String
  /// The cgroup it starts in; "/" for the root.
  package var cgroup: String
  /// Pages that its program has mapped beforehand: its own areas lie below them.
  package var programPages: Int
  package var program: ProgramSpec

  package init(
    name: String, cgroup: String = "/", programPages: Int = 0, program: ProgramSpec = ProgramSpec()
  ) {
    self.name = name
    self.cgroup = cgroup
    self.programPages = programPages
    self.program = program
  }
}

package enum TaskState: String, Sendable {
  case running, done, killed, failed
}

/// What a task waited for, as delay accounting tells it (taskstats).
package struct TaskDelay: Sendable, Equatable {
  package private(set) var count = 0
  package private(set) var total: Nanoseconds = 0

  package init() {}

  package mutating func add(_ delay: Nanoseconds) {
    count += 1
    total += delay
  }
}

package struct TaskReport: Sendable, Equatable {
  package var name: String
  package var state: TaskState
  /// Simulated CPU time of the task, its reclaim included.
  package var cpu: Nanoseconds
  package var reclaiming: Nanoseconds
  package var started: Instant
  package var ended: Instant?
  /// Why the kernel killed it; nil when it did not.
  package var killReason: String?
  /// Cycles of reclaim, on its own behalf or because it was asked to, with all their waits.
  package var reclaimDelay: TaskDelay

  package init(
    name: String, state: TaskState, cpu: Nanoseconds, reclaiming: Nanoseconds, started: Instant,
    ended: Instant?, killReason: String? = nil, reclaimDelay: TaskDelay = TaskDelay()
  ) {
    self.name = name
    self.state = state
    self.cpu = cpu
    self.reclaiming = reclaiming
    self.started = started
    self.ended = ended
    self.killReason = killReason
    self.reclaimDelay = reclaimDelay
  }
}

/// A kernel that tasks can ask.
package protocol Backend: AnyObject {
  var timeline: Timeline { get }

  /// Starts a task whose flow of control is `body`. When the body returns or is killed the task
  /// exits: what it held is freed, which takes time. The cgroup must exist.
  /// - Parameter exited: called once, when the task is no more.
  @discardableResult
  func spawn(
    _ spec: TaskSpec, exited: @escaping () -> Void,
    body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle

  /// Carries out one operation for the task, whose fiber may sleep meanwhile.
  func perform(_ operation: Operation, by task: TaskHandle, _ fiber: Fiber)
    async throws(Killed) -> Outcome

  /// Outside of time: makes a cgroup, or changes one where that needs no reclaim.
  func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome

  /// What can be seen now; changes nothing and costs no simulated time.
  func observe() -> Snapshot

  /// Marks taken so far, in order.
  var marks: [(name: String, snapshot: Snapshot)] { get }

  func report(on task: TaskHandle) -> TaskReport

  /// How long what the task waited for took; the kinds that happened, in their order.
  func latencies(of task: TaskHandle) -> [LatencyCounts]

  /// Lets time pass until `end`, or, without one, until nothing is due any more.
  func run(until end: Instant)

  /// Why the run was ended by the kernel itself (something that is not built was needed); nil
  /// otherwise.
  var ended: String? { get }

  /// The digest of everything that happened, and how many events it covers.
  var digest: Digest { get }
  var eventCount: UInt64 { get }

  /// The kernel's log since boot, oldest first: what the OOM killer reports.
  var kernelMessages: [KernelMessage] { get }

  /// The names of the files that exist, with their sizes, in order of creation.
  var files: [FileSpec] { get }

  /// Directories of small files, in order of creation.
  var directories: [DirectorySpec] { get }

  /// What the kernel's caches of objects hold.
  var slabs: [SlabUse] { get }

  /// The text of a file of /proc as this kernel prints it; nil when it does not.
  func text(of file: ProcFile) -> String?

  /// A file of a cgroup as this kernel prints it, without the newline at its end; nil where there
  /// is no such file.
  func text(of file: CgroupFile, in path: String) -> String?

  /// Cuts reads and touches short, what they have done so far done, once that many events have
  /// happened or the word is no longer 0. Whoever asks for it lets no task go on afterwards.
  func limitOperations(events: UInt64, interruption: UnsafePointer<Int32>)

  /// Unwinds every task; afterwards nothing of the run is alive.
  func shutdown()
}

extension Backend {
  /// A kernel whose operations are short.
  package func limitOperations(events: UInt64, interruption: UnsafePointer<Int32>) {}

  /// A kernel that prints nothing.
  package func text(of file: CgroupFile, in path: String) -> String? { nil }

  /// A kernel without directories, and one that does not tell what its slabs hold.
  package var directories: [DirectorySpec] { [] }
  package var slabs: [SlabUse] { [] }

  /// A kernel that has nothing to say.
  package var kernelMessages: [KernelMessage] { [] }
  /// A kernel without /proc.
  package func text(of file: ProcFile) -> String? { nil }

  /// A kernel that measures nothing.
  package func latencies(of task: TaskHandle) -> [LatencyCounts] { [] }
}

extension Backend {
  /// Starts a task whose end nobody waits for.
  @discardableResult
  package func spawn(
    _ spec: TaskSpec, body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle {
    spawn(spec, exited: {}, body: body)
  }
}
