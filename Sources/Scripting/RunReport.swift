// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind: everything that can be asked of its machines at the end, put into a
// Report.

import Histogram
import Timeline
package import UAPI

package struct RunReport {
  package let failure: ScenarioFailure?
  package let expectations: [Expectation]
  package let report: Report

  /// Whether the scenario came to its end and every expectation holds.
  package var passed: Bool { report.passed }

  /// Everything that follows the script's own output, without colour.
  package var text: String { report.text() }

  init(_ host: ScenarioHost, failure: ScenarioFailure?) {
    self.failure = failure
    expectations = host.expectations
    var report = Report(script: host.name, seed: host.seed)
    report.trusted = host.isTrusted
    report.machines = host.machines.map { MachineReport($0, judge: host.outside.judge) }
    report.expectations = host.expectations.map {
      ExpectationReport(what: $0.what, holds: $0.holds, place: $0.place)
    }
    report.failure = failure.map { FailureReport(text: $0.text, traceback: $0.traceback) }
    // One machine's digest as it is; several are folded in order of creation.
    if var digest = host.machines.first?.backend.digest {
      for other in host.machines.dropFirst() { digest.fold(other.backend.digest.value) }
      report.digest = digest.text
    }
    report.events = report.machines.reduce(0) { $0 + $1.events }
    report.simulated = report.machines.map(\.simulated).max() ?? 0
    self.report = report
  }
}

extension MachineReport {
  init(_ machine: MachineObject, judge: (MachineReport) -> [String]) {
    let now = machine.backend.observe()
    let zones = now.nodes.flatMap(\.zones)
    self.init(
      kernel: machine.made.kernel, description: machine.made.description,
      shape: MachineShape(
        nodes: now.nodes.count, cpus: machine.made.cpus,
        managed: zones.reduce(0) { $0 + $1.managed }, recordedOn: machine.made.recordedOn),
      before: machine.atBoot.vmstatNumbers, after: now.vmstatNumbers)
    tasks = machine.tasks.compactMap { task in
      task.handle.map { handle in
        TaskSection(
          machine.backend.report(on: handle), state: task.state.rawValue,
          latencies: machine.backend.latencies(of: handle).map(LatencySummary.init(of:)))
      }
    }
    cgroups = now.cgroups.filter { machine.hasCgroup($0.path) }.map(CgroupSection.init(of:))
    notes = machine.notes.map { NoteReport(name: $0.name, value: $0.value) }
    watches = machine.observer.samplers.map(\.report)
    digest = machine.backend.digest.text
    events = machine.backend.eventCount
    simulated = (machine.timeline.now - machine.atBoot.at).count
    var used = machine.observer.mechanisms
    used += Mechanism.shown { now[$0] - machine.atBoot[$0] }
    if machine.cgroups.contains(where: { $0.path.contains("/") }) { used.append(.nestedCgroups) }
    shape.mechanisms = Mechanism.allCases.filter(used.contains)
    trust = judge(self)
  }
}

extension Snapshot {
  fileprivate var vmstatNumbers: NamedNumbers {
    // The zones' lists are those of the only node, told there.
    let told = fields.filter { !$0.name.hasPrefix("nr_zone_") }
    return NamedNumbers(told.map { NamedNumber($0.name, self[$0]) })
  }
}

extension CgroupSection {
  fileprivate init(of cgroup: CgroupSnapshot) {
    self.init(
      path: cgroup.path, current: cgroup.currentBytes, swapCurrent: cgroup.swapCurrentBytes,
      stat: NamedNumbers(cgroup.statFields.map { NamedNumber($0.name, $0.value) }),
      events: NamedNumbers(cgroup.eventFields.map { NamedNumber($0.name, $0.value) }))
  }
}

extension LatencySummary {
  /// Percentiles of counted durations, exact to about one per cent; the longest exactly.
  init(of counts: LatencyCounts) {
    var histogram = Histogram<UInt64>(
      highestTrackableValue: Swift.max(2, counts.buckets.last?.nanoseconds ?? 0),
      numberOfSignificantValueDigits: .three)
    for bucket in counts.buckets {
      let isInRange = histogram.record(bucket.nanoseconds, count: bucket.count)
      precondition(isInRange, "a duration beyond the longest")
    }
    self.init(
      kind: counts.kind, count: counts.count,
      p50: min(histogram.valueAtPercentile(50), counts.longest),
      p99: min(histogram.valueAtPercentile(99), counts.longest),
      max: counts.longest, sum: counts.sum)
  }
}
