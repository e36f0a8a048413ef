// SPDX-License-Identifier: Apache-2.0
// What performing a recorded workload came to.

package import UAPI

package struct WorkloadRun: Sendable {
  package enum Status: String, Sendable {
    /// Performed to its end.
    case ok
    /// The kernel, the machine or an op is not built.
    case unsupported
    /// The workload stopped for another reason.
    case failed
  }
  /// What one op answered, as a recording writes it: 0 or -errno.
  package struct Result: Sendable {
    package let site: OpSite
    package let value: Int
  }

  package let status: Status
  /// Why it did not come to its end; nil when it did.
  package let reason: String?
  package let digest: String?
  /// `base`, the workload's own, `end`; empty unless it came to its end.
  package let marks: [(name: String, snapshot: Snapshot)]
  /// Per interval between two marks, when the machine recorded them.
  package let events: [[TraceEvent]]
  /// In the order in which the ops ended.
  package let results: [Result]
  /// Tasks that the kernel killed, in the order in which they started.
  package let killed: [String]
  /// The kernel's log since `base`.
  package let messages: [KernelMessage]

  package init(
    marks: [(name: String, snapshot: Snapshot)], events: [[TraceEvent]], results: [Result],
    killed: [String] = [], messages: [KernelMessage] = [], digest: String
  ) {
    status = .ok
    reason = nil
    self.digest = digest
    self.marks = marks
    self.events = events
    self.results = results
    self.killed = killed
    self.messages = messages
  }

  /// A run of which nothing but the reason is told.
  package init(_ status: Status, _ reason: String) {
    self.status = status
    self.reason = reason
    digest = nil
    marks = []
    events = []
    results = []
    killed = []
    messages = []
  }
}
