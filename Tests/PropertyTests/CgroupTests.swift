// SPDX-License-Identifier: Apache-2.0
// Cgroups that come, go and change at random while tasks move between them: charges always sum, and
// nothing is lost or counted twice.

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite(.serialized) struct CgroupTests {
  private static let paths = ["a", "a/b", "a/b/c", "a/d", "e", "e/f"]

  /// What one task does: everything follows from the stream of numbers.
  private struct Workload {
    var random: SplitMix64
    let task: Int
    private var areas = 0

    init(_ random: SplitMix64, task: Int) {
      self.random = random
      self.task = task
    }

    mutating func operation() -> Operation {
      let path = random.pick(CgroupTests.paths)
      switch random.below(100) {
      case 0..<14: return .makeCgroup(path: path, settings: random.below(2) == 0 ? [] : [setting()])
      case 14..<26: return .removeCgroup(path: path)
      case 26..<40: return .enter(path: random.below(4) == 0 ? "/" : path)
      case 40..<54: return .setCgroup(path: path, settings: [setting()])
      case 54..<72:
        let from = random.below(2500), n = random.pick(1...500)
        return .read(file: "data", AccessPattern(.sequential, from: from, length: n))
      case 72..<80:
        areas += 1
        return .map(area: "\(areas)", .anonymous(shared: false), pages: random.pick(1...300))
      case 80..<90:
        return .touch(
          area: "\(random.pick(0...areas))", write: random.below(3) > 0, fill: false,
          AccessPattern())
      case 90..<93: return .unmap(area: "\(random.pick(0...areas))")
      case 93..<96: return .reclaim(path: path, Pages(random.pick(1...400)))
      case 96..<98:
        return .adviseFile(
          file: "data", .dontneed, from: random.below(2000), length: random.pick(1...1000))
      default: return .sleep(.milliseconds(UInt64(random.pick(1...30))))
      }
    }

    private mutating func setting() -> CgroupSetting {
      let pages: Pages? = random.below(4) == 0 ? nil : Pages(random.pick(0...1500))
      switch random.below(8) {
      case 0, 1: return .max(pages.map { Pages($0.count + 600) })
      case 2: return .high(pages.map { Pages($0.count + 300) })
      case 3: return .low(pages)
      case 4: return .min(pages)
      case 5: return .swapMax(pages)
      case 6: return .swapHigh(pages)
      default: return .oomGroup(random.below(2) == 0)
      }
    }
  }

  private final class Tally {
    var operations = 0
    var removed = 0
    var problem: String?
  }

  private func run(_ seed: UInt64, kernel: String, _ tally: Tally) throws {
    var spec = SmallMachine.spec(memory: Bytes(96 << 20), files: [("data", 3000)], seed: seed)
    spec.kernel = kernel
    spec.hasRecursiveProtection = seed % 2 == 0
    if seed % 3 != 0 {
      spec.disks = [DiskSpec(name: "swap", kind: .pmem, use: .swap, size: Bytes(16 << 20))]
    }
    let machine = try SmallMachine.boot(spec, trace: .off)
    defer { machine.shutdown() }
    var random = SplitMix64(seed: seed)
    let tasks = 1 + Int(seed % 3)
    for task in 0..<tasks {
      var workload = Workload(SplitMix64(seed: random.next()), task: task)
      machine.spawn(TaskSpec(name: "task \(task)")) { handle, fiber throws(Killed) in
        for index in 0..<40 {
          let operation = workload.operation()
          let outcome = try await machine.perform(operation, by: handle, fiber)
          tally.operations += 1
          if case .removeCgroup = operation, outcome == .done { tally.removed += 1 }
          if machine.ended == nil, tally.problem == nil,
            let problem = machine.invariantProblems(inFlight: 2 * (tasks - 1)).first
          {
            tally.problem = "task \(task), operation \(index) \(operation): \(problem)"
          }
          if tasks > 1 { try await fiber.sleep(1000) }
        }
      }
    }
    machine.run(until: .distantFuture)
    if machine.ended == nil, tally.problem == nil {
      // Nobody is left: every cgroup can go, and once its pages are gone nothing is charged.
      for path in Self.paths.reversed() { machine.perform([.removeCgroup(path: path)]) }
      machine.perform([.advise("data", .dontneed)])
      let left = machine.observe().cgroups.map(\.path)
      if left != ["/"] { tally.problem = "at the end \(left) are left" }
      tally.problem = tally.problem ?? machine.invariantProblems().first.map { "at the end: \($0)" }
    }
    try #require(tally.problem == nil, "SEED=\(seed) kernel \(kernel): \(tally.problem!)")
  }

  @Test(arguments: ["6.1", "5.10"])
  func chargesSumWhateverComesGoesAndChanges(kernel: String) throws {
    let tally = Tally()
    let seeds = Seeds.list(InvariantTests.isDebug ? 40 : 400)
    for seed in seeds { try run(seed, kernel: kernel, tally) }
    if seeds.count > 1 {
      #expect(tally.operations >= seeds.count * 30, "\(tally.operations) operations")
      #expect(tally.removed >= seeds.count, "\(tally.removed) removed")
    }
  }
}
