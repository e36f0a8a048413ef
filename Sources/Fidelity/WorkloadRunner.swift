// SPDX-License-Identifier: Apache-2.0
// Performs the workload of a question: task `main` runs, others start when it says so, and when all
// have exited the mark `end` is taken.
//
// It sees questions only. A run is told whole or not at all: whatever is not built is refused by
// name, before the machine is booted where that can be known.

import ReclaimEngine
package import Timeline
package import UAPI

package enum WorkloadRunner {
  /// Boots the question's machine and performs its workload.
  /// - Parameters:
  ///   - recordEvents: keep the trace events of the run.
  ///   - paranoid: check the engine's invariants all along.
  /// - Throws: RecordingError when an op of the workload is unknown or malformed.
  package static func run(
    _ question: RecordingQuestion, recordEvents: Bool = false, paranoid: Bool = false
  ) throws(RecordingError) -> WorkloadRun {
    let program = try WorkloadOps.program(of: question)
    let refusal =
      RecordedMachine.kernelRefusal(of: question) ?? program.refusal
      ?? RecordedMachine.refusal(of: question)
    if let refusal {
      return WorkloadRun(.unsupported, refusal)
    }
    let spec = try RecordedMachine.spec(of: question, files: program.files)
    let machine: Machine
    do {
      machine = try Machine(spec, trace: recordEvents ? .record : .digest, paranoid: paranoid)
    } catch {
      return WorkloadRun(.unsupported, error.message)
    }
    return perform(program, on: machine) { machine.recordedEvents }
  }

  /// Performs a program on a machine that stands as at `base`, and shuts it down.
  /// - Parameter events: the trace events recorded so far.
  package static func perform(
    _ program: WorkloadProgram, on backend: any Backend,
    events: @escaping () -> [(at: Instant, event: TraceEvent)] = { [] }
  ) -> WorkloadRun {
    let performance = WorkloadPerformance(program, backend, events)
    let base = backend.observe()
    performance.start("main")
    // The mark is taken as the last one exits, not when nothing happens any more: what a task left
    // to be freed later is still there.
    var end: Snapshot?
    backend.timeline.spawn("end") { fiber throws(Killed) in
      try await performance.waitForAll(fiber)
      end = backend.observe()
    }
    backend.run(until: .distantFuture)
    defer { backend.shutdown() }

    if let ended = backend.ended { return WorkloadRun(.unsupported, ended) }
    if let stop = performance.stop { return stop }
    if let waiting = performance.unfinished {
      return WorkloadRun(.failed, "task \(waiting) waits for something that never happens")
    }
    return WorkloadRun(
      marks: [("base", base)] + backend.marks + [("end", end ?? backend.observe())],
      events: performance.eventsByInterval(), results: performance.results,
      killed: performance.killed, messages: backend.kernelMessages,
      digest: backend.digest.text)
  }
}
