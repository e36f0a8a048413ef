// SPDX-License-Identifier: Apache-2.0
// The machine that benchmarks of the whole engine run on: one task in a full cgroup, and a file
// twice as large as the cgroup.
//
// It is asked through the same door as a recording's workload (Backend.perform), with everything
// on: charges, counters, workingset, digest. The node has twice the pages of the cgroup, so that
// only the cgroup's limit ever reclaims.

import ReclaimEngine
import Timeline
import UAPI

/// One machine, its cgroup filled by reading the file.
struct FullCgroup {
  private static let file = "file", cgroup = "full"

  private let machine: Machine
  private let task: TaskHandle
  private let fiber: Fiber
  private let order: ListOrder
  /// Pages that the cgroup may hold.
  let size: Int

  /// Boots a machine, fills the cgroup in that order, and runs `body` as the machine's only task.
  static func run(
    size: Int, _ order: ListOrder, _ body: @escaping (FullCgroup) async throws(Killed) -> Void
  ) {
    let machine = boot(size)
    machine.spawn(TaskSpec(name: "reader", cgroup: cgroup)) { task, fiber throws(Killed) in
      let full = FullCgroup(machine: machine, task: task, fiber: fiber, order: order, size: size)
      try await full.fill()
      try await body(full)
    }
    machine.run(until: .distantFuture)
    precondition(machine.ended == nil, "the run was ended: \(machine.ended ?? "")")
    machine.shutdown()
  }

  private static func boot(_ size: Int) -> Machine {
    let zone = ZoneSpec(kind: .normal, managed: (2 * size + 8 * 1024) & ~1023)
    let spec = MachineSpec(
      kernel: "6.1", nodes: [NodeSpec(zones: [zone])],
      files: [FileSpec(name: file, size: Pages(2 * size))])
    do {
      let machine = try Machine(spec)
      let made = machine.configureCgroup(path: cgroup, settings: [.max(Pages(size))])
      precondition(made == .done, "no cgroup: \(made)")
      return machine
    } catch {
      fatalError("\(error.message): choose smaller --sizes")
    }
  }

  /// Sequential: the file read from its beginning, twice. Aged: pages read at random, without
  /// readahead, until each place on the lists was taken anew three times.
  private func fill() async throws(Killed) {
    switch order {
    case .sequential:
      try await perform(.read(file: Self.file, AccessPattern(.sequential, repetitions: 2)))
    case .aged:
      try await perform(.adviseFile(file: Self.file, .random, from: 0, length: nil))
      try await read(untilMissed: 3 * size)
    }
  }

  // MARK: what a benchmark asks for

  /// Reads in the machine's order, an eighth of the cgroup at a time, until so many pages missed.
  func read(untilMissed misses: Int) async throws(Killed) {
    let end = tally.misses + misses
    while tally.misses < end { try await read(max(1, size / 8)) }
  }

  /// Reads the next `count` pages: drawn at random from the whole file, or in order.
  @discardableResult
  func read(_ count: Int) async throws(Killed) -> Cost {
    let pattern =
      switch order {
      case .sequential: AccessPattern(.next, length: count)
      case .aged: AccessPattern(.random, count: count, seed: nil)
      }
    return try await perform(.read(file: Self.file, pattern))
  }

  /// Writes memory.reclaim.
  func reclaim(_ count: Int) async throws(Killed) -> Cost {
    try await perform(.reclaim(path: Self.cgroup, Pages(count)))
  }

  @discardableResult
  private func perform(_ operation: Operation) async throws(Killed) -> Cost {
    let before = tally
    let start = nanosecondsNow()
    let outcome = try await machine.perform(operation, by: task, fiber)
    let nanoseconds = nanosecondsNow() - start
    switch outcome {
    case .done, .pages: return Cost(nanoseconds: Double(nanoseconds), tally - before)
    default: fatalError("\(operation): \(outcome)")
    }
  }

  // MARK: what it counted

  private var tally: Tally {
    let snapshot = machine.observe()
    guard let group = snapshot.cgroups.first(where: { $0.path == Self.cgroup }) else {
      preconditionFailure("the cgroup is gone")
    }
    func stat(_ counter: MemcgCounter) -> Int { group.stat[counter.rawValue] }
    return Tally(
      misses: snapshot.vmstat[VmCounter.pgpgin.rawValue] / 4,
      scanned: stat(.pgscan) + stat(.pgrefill), reclaimed: stat(.pgsteal))
  }
}

/// What the kernel counted, in pages.
struct Tally {
  var misses = 0
  /// On inactive and active lists, as the C list's loop counts.
  var scanned = 0
  var reclaimed = 0

  static func - (a: Tally, b: Tally) -> Tally {
    Tally(
      misses: a.misses - b.misses, scanned: a.scanned - b.scanned,
      reclaimed: a.reclaimed - b.reclaimed)
  }
}

/// One operation: this thread's CPU time, and what it counted.
struct Cost {
  let nanoseconds: Double
  let tally: Tally

  init(nanoseconds: Double, _ tally: Tally) {
    self.nanoseconds = nanoseconds
    self.tally = tally
  }

  var perMiss: Double { nanoseconds / Double(tally.misses) }
  var perScan: Double { nanoseconds / Double(tally.scanned) }
}
