// SPDX-License-Identifier: Apache-2.0
// Who looks at a machine while it runs: which mechanisms its tasks make use of, and the samples
// that `m:watch` asked for.
//
// A sampler is a fiber of its own that reads counters, which costs no simulated time and changes
// nothing, so a run that is watched has the digest of one that is not. It must not keep a run going
// that lasts until all tasks have ended: with the last of them it takes a last sample and goes.

import Timeline
import UAPI

final class MachineObserver {
  private unowned let backend: any Backend
  private var living = 0
  private var runsToAnEnd = false
  private(set) var mechanisms: [Mechanism] = []
  private(set) var samplers: [Sampler] = []

  init(_ backend: any Backend) { self.backend = backend }

  // MARK: tasks

  func taskBegins() { living += 1 }

  func taskEnded() {
    living -= 1
    if living == 0, !runsToAnEnd { for sampler in samplers { sampler.stop() } }
  }

  /// A task asks for an operation.
  func note(_ operation: Operation) {
    if living > 1 { note(.severalTasks) }
    if let mechanism = Mechanism(of: operation) { note(mechanism) }
  }

  private func note(_ mechanism: Mechanism) {
    if !mechanisms.contains(mechanism) { mechanisms.append(mechanism) }
  }

  // MARK: time

  func add(_ sampler: Sampler) { samplers.append(sampler) }

  /// Time is about to pass until `end`, or until nothing is due any more.
  func runBegins(until end: Instant) {
    runsToAnEnd = end < .distantFuture
    for sampler in samplers {
      if runsToAnEnd || living > 0 { sampler.start() } else { sampler.stop() }
    }
  }
}

/// Samples the gauges of one `m:watch`.
final class Sampler {
  private unowned let backend: any Backend
  private let gauges: [Gauge]
  private(set) var report: WatchReport
  private var fiber: Fiber?

  init(_ backend: any Backend, _ gauges: [Gauge], every: Nanoseconds) {
    self.backend = backend
    self.gauges = gauges
    report = WatchReport(
      every: every.count,
      series: gauges.map { WatchReport.Series(gauge: $0.name, unit: $0.unit) })
  }

  func start() {
    guard fiber == nil else { return }
    fiber = backend.timeline.spawn("watch") { [self] fiber throws(Killed) in
      while true {
        sample()
        try await fiber.sleep(Nanoseconds(report.every))
      }
    }
  }

  /// Takes a last sample and goes; nothing happens to one that stands.
  func stop() {
    guard let fiber else { return }
    self.fiber = nil
    sample()
    fiber.kill()
  }

  private func sample() {
    let snapshot = backend.observe()
    if report.at.last == snapshot.at.nanoseconds { return }
    report.at.append(snapshot.at.nanoseconds)
    for (i, gauge) in gauges.enumerated() {
      report.series[i].values.append(gauge.value(in: snapshot))
    }
  }
}
