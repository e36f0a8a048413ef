// SPDX-License-Identifier: Apache-2.0
// The machine that benchmarks of the whole engine run on: one task in a full cgroup, and a file, or
// an area of anonymous memory, twice as large as the cgroup.
//
// It is asked through the same door as a recording's workload (Backend.perform), with everything
// on: charges, counters, workingset, digest. The node has twice the pages of the cgroup, so that
// only the cgroup's limit ever reclaims; anonymous pages go to a synchronous device (pmem).

import ReclaimEngine
import Timeline
import UAPI

/// What the cgroup is full of.
enum PageKind: String {
  case file, anonymous
}

/// One machine, its cgroup filled by reading the file or writing to the area.
struct FullCgroup {
  /// How often each place on the lists is taken anew before an aged machine is measured.
  private static let turnovers = 3
  private static let file = "file", area = "area", cgroup = "full"

  private let machine: Machine
  private let task: TaskHandle
  private let fiber: Fiber
  private let kind: PageKind
  private let order: ListOrder
  /// Pages that the cgroup may hold.
  let size: Int
  /// Pages that there are to access.
  let pages: Int

  /// Boots a machine, fills the cgroup in that order, and runs `body` as the machine's only task.
  /// - Parameter pages: how many pages there are to access; twice as many as the cgroup may hold
  ///   where none is given. Where they all fit, each is accessed once beforehand.
  static func run(
    _ kind: PageKind, size: Int, pages: Int? = nil, _ order: ListOrder, kernel: String = "6.1",
    _ body: @escaping (FullCgroup) async throws(Killed) -> Void
  ) {
    let pages = pages ?? 2 * size
    let machine = boot(kernel, kind, size, pages)
    machine.spawn(TaskSpec(name: "worker", cgroup: cgroup)) { task, fiber throws(Killed) in
      let full = FullCgroup(
        machine: machine, task: task, fiber: fiber, kind: kind, order: order, size: size,
        pages: pages)
      try await full.fill()
      try await body(full)
    }
    machine.run(until: .distantFuture)
    precondition(machine.ended == nil, "the run was ended: \(machine.ended ?? "")")
    machine.shutdown()
  }

  private static func boot(
    _ kernel: String, _ kind: PageKind, _ size: Int, _ pages: Int
  ) -> Machine {
    let zone = ZoneSpec(kind: .normal, managed: (2 * size + 8 * 1024) & ~1023)
    var spec = MachineSpec(kernel: kernel, nodes: [NodeSpec(zones: [zone])])
    switch kind {
    case .file: spec.files = [FileSpec(name: file, size: Pages(pages))]
    case .anonymous:
      spec.disks = [
        DiskSpec(name: "swap", kind: .pmem, use: .swap, size: Pages(pages + 8 * 1024).bytes)
      ]
    }
    do {
      let machine = try Machine(spec)
      let made = machine.configureCgroup(path: cgroup, settings: [.max(Pages(size))])
      precondition(made == .done, "no cgroup: \(made)")
      return machine
    } catch {
      fatalError("\(error.message): choose smaller --sizes")
    }
  }

  /// Sequential: everything from its beginning, once. Aged: pages at random, a file's without
  /// readahead, until each place on the lists was taken anew three times.
  private func fill() async throws(Killed) {
    if kind == .anonymous {
      try await perform(.map(area: Self.area, .anonymous(shared: false), pages: pages))
    } else if order == .aged {
      try await perform(.adviseFile(file: Self.file, .random, from: 0, length: nil))
    }
    switch order {
    case _ where pages <= size: try await perform(access(AccessPattern(.sequential)))
    case .sequential: try await perform(access(AccessPattern(.sequential)))
    case .aged: try await access(untilMissed: Self.turnovers * size)
    }
  }

  // MARK: what a benchmark asks for

  /// Accesses pages in the machine's order, an eighth of the cgroup at a time, until so many
  /// missed.
  func access(untilMissed misses: Int) async throws(Killed) {
    let end = tally.misses + misses
    while tally.misses < end { try await access(max(1, size / 8)) }
  }

  /// Reads the next `count` pages of the file, or writes to those of the area: drawn at random from
  /// the whole of it, or in order.
  @discardableResult
  func access(_ count: Int) async throws(Killed) -> Cost {
    switch order {
    case .sequential: try await perform(access(AccessPattern(.next, length: count)))
    case .aged: try await perform(access(AccessPattern(.random, count: count, seed: nil)))
    }
  }

  private func access(_ pattern: AccessPattern) -> Operation {
    switch kind {
    case .file: .read(file: Self.file, pattern)
    case .anonymous: .touch(area: Self.area, write: true, fill: false, pattern)
    }
  }

  /// Writes memory.reclaim.
  func reclaim(_ count: Int) async throws(Killed) -> Cost {
    try await perform(.reclaim(path: Self.cgroup, Pages(count)))
  }

  /// Writes memory.max, `count` pages below what the cgroup may hold, which every kernel answers
  /// with reclaim; then allows all of it again.
  func squeeze(_ count: Int) async throws(Killed) -> Cost {
    let cost = try await setMax(size - count)
    try await setMax(size)
    return cost
  }

  @discardableResult
  private func setMax(_ pages: Int) async throws(Killed) -> Cost {
    try await perform(.setCgroup(path: Self.cgroup, settings: [.max(Pages(pages))]))
  }

  @discardableResult
  private func perform(_ operation: Operation) async throws(Killed) -> Cost {
    let before = tally
    let start = nanosecondsNow()
    let outcome = try await machine.perform(operation, by: task, fiber)
    let nanoseconds = nanosecondsNow() - start
    switch outcome {
    case .done, .pages, .frame: return Cost(nanoseconds: Double(nanoseconds), tally - before)
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
      misses: kind == .file
        ? snapshot.vmstat[VmCounter.pgpgin.rawValue] / 4
        : snapshot.vmstat[VmCounter.pgfault.rawValue],
      scanned: stat(.pgscan) + stat(.pgrefill), reclaimed: stat(.pgsteal))
  }
}

/// What the kernel counted, in pages.
struct Tally {
  var misses = 0
  /// On inactive and active lists, as the C list's loop counts.
  var scanned = 0
  var reclaimed = 0
  /// What a kernel's tracepoints would have told: the digest folds each. Counted with many cgroups
  /// only.
  var events = 0

  static func - (a: Tally, b: Tally) -> Tally {
    Tally(
      misses: a.misses - b.misses, scanned: a.scanned - b.scanned,
      reclaimed: a.reclaimed - b.reclaimed, events: a.events - b.events)
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
