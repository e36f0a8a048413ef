// SPDX-License-Identifier: Apache-2.0
// One simulated computer. (Outline; the parts follow.)

package import Timeline
package import UAPI

package enum TraceMode: Sendable { case off, digest, record }

package struct BootError: Error {
  package var message: String
  package init(_ message: String) { self.message = message }
}

package final class Machine: Backend {
  package let timeline: Timeline
  package init(_ spec: MachineSpec, trace: TraceMode = .digest, paranoid: Bool = false)
    throws(BootError)
  {
    timeline = Timeline()
  }
  package var recordedEvents: [(at: Instant, event: TraceEvent)] { [] }
  package func spawn(
    _ spec: TaskSpec, body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle { fatalError() }
  package func perform(_ operation: Operation, by task: TaskHandle, _ fiber: Fiber)
    async throws(Killed) -> Outcome
  { fatalError() }
  package func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome { fatalError() }
  package func observe() -> Snapshot { fatalError() }
  package var marks: [(name: String, snapshot: Snapshot)] { [] }
  package func report(on task: TaskHandle) -> TaskReport { fatalError() }
  package func run(until end: Instant) {}
  package var ended: String? { nil }
  package var digest: Digest { Digest() }
  package var eventCount: UInt64 { 0 }
  package var files: [FileSpec] { [] }
  package func shutdown() {}
}
