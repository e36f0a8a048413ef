// SPDX-License-Identifier: Apache-2.0
// The machine that benchmarks of global reclaim run on: many cgroups that share all of its memory
// evenly, none with a limit, and a file twice as large as the memory.
//
// Each cgroup has a range of the file to itself. One task goes from cgroup to cgroup and reads
// some pages of the range, at random, without readahead: every page that misses must be made room
// for by the machine's own reclaim, kswapd's or the task's, which walks all of the cgroups.

import ReclaimEngine
import Timeline
import UAPI

struct ManyCgroups {
  private static let file = "file"
  /// Pages that are read at a visit.
  private static let visit = 100

  private let machine: Machine
  private let task: TaskHandle
  private let fiber: Fiber
  let cgroups: Int
  /// Pages of the file; the machine has half as many.
  private let pages: Int

  /// Boots a machine of `size` pages, makes the cgroups, fills the memory until all of it was taken
  /// anew once, and runs `body` as the machine's only task.
  static func run(
    _ cgroups: Int, size: Int, kernel: String = "6.1",
    _ body: @escaping (ManyCgroups) async throws(Killed) -> Void
  ) {
    let zone = ZoneSpec(kind: .normal, managed: size & ~1023)
    var spec = MachineSpec(kernel: kernel, nodes: [NodeSpec(zones: [zone])])
    spec.files = [FileSpec(name: file, size: Pages(2 * size))]
    let machine: Machine
    do {
      machine = try Machine(spec)
    } catch {
      fatalError("\(error.message): choose smaller --sizes")
    }
    make(cgroups, in: machine)
    machine.spawn(TaskSpec(name: "reader", cgroup: "/")) { task, fiber throws(Killed) in
      let many = ManyCgroups(
        machine: machine, task: task, fiber: fiber, cgroups: cgroups, pages: 2 * size)
      try await many.perform(.adviseFile(file: file, .random, from: 0, length: nil))
      try await many.visit(2 * size / visit)
      try await body(many)
    }
    machine.run(until: .distantFuture)
    precondition(machine.ended == nil, "the run was ended: \(machine.ended ?? "")")
    machine.shutdown()
  }

  static func make(_ cgroups: Int, in machine: Machine) {
    for k in 0..<cgroups {
      let made = machine.configureCgroup(path: path(k), settings: [])
      precondition(made == .done, "no cgroup: \(made)")
    }
  }

  private static func path(_ k: Int) -> String { "service\(k)" }

  /// Goes through the cgroups in turn, so many visits in all.
  /// - Returns: what it cost, moving from one to the next included.
  @discardableResult
  func visit(_ visits: Int) async throws(Killed) -> Cost {
    let before = tally, start = nanosecondsNow()
    for k in 0..<visits {
      let at = k * cgroups / visits, share = pages / cgroups
      try await perform(.enter(path: Self.path(at)))
      let pattern = AccessPattern(
        .random, from: at * share, length: share, count: Self.visit, seed: nil)
      try await perform(.read(file: Self.file, pattern))
    }
    return Cost(nanoseconds: Double(nanosecondsNow() - start), tally - before)
  }

  private func perform(_ operation: Operation) async throws(Killed) {
    let outcome = try await machine.perform(operation, by: task, fiber)
    guard case .done = outcome else { fatalError("\(operation): \(outcome)") }
  }

  private var tally: Tally {
    let vmstat = machine.observe().vmstat
    func count(_ counters: [VmCounter]) -> Int { counters.reduce(0) { $0 + vmstat[$1.rawValue] } }
    return Tally(
      misses: count([.pgpgin]) / 4,
      scanned: count([.pgscan_kswapd, .pgscan_direct, .pgrefill]),
      reclaimed: count([.pgsteal_kswapd, .pgsteal_direct]), events: Int(machine.eventCount))
  }
}
