// SPDX-License-Identifier: Apache-2.0
// Machines for tests of a task's own memory: every operation is followed by a look at the counters
// and a check of the invariants.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

/// 64 MiB, a file "data", swap unless it is refused, one cgroup "a".
final class AreaMachine {
  let machine: Machine

  /// - Parameters:
  ///   - swap: pages of the swap device; 0 for none.
  ///   - max: memory.max of the cgroup in pages.
  init(_ kernel: String = "6.1", swap: Int = 4096, max: Int? = nil, file: Int = 4096) throws {
    var spec = SmallMachine.spec(files: [("data", file)])
    spec.kernel = kernel
    spec.disks = [DiskSpec(name: "files", kind: .pmem, size: Bytes(1 << 30))]
    if swap > 0 {
      spec.disks.append(
        DiskSpec(name: "swap", kind: .pmem, use: .swap, size: Bytes(UInt64(swap) << 12)))
    }
    machine = try SmallMachine.boot(spec)
    machine.makeCgroup("a", max: max)
  }

  deinit { machine.shutdown() }

  private final class Looks { var snapshots: [Snapshot] = [] }

  /// What could be seen before the first operation and after each.
  func looks(_ operations: Operation...) -> [Snapshot] {
    let looks = Looks(), machine = machine
    looks.snapshots.append(machine.observe())
    let outcomes = machine.perform(operations, in: "a") { _ in
      looks.snapshots.append(machine.observe())
      #expect(machine.invariantProblems() == [])
    }
    #expect(outcomes.allSatisfy { $0 == .done }, "\(outcomes)")
    #expect(machine.invariantProblems() == [])
    return looks.snapshots
  }

  /// What the operations answered.
  func outcomes(_ operations: Operation...) -> [Outcome] {
    machine.perform(operations, in: "a")
  }
}

extension Snapshot {
  /// memory.stat of the cgroup.
  func a(_ counter: MemcgCounter) -> Int { cgroup("a")![counter] }
}

/// What two looks differ by.
func change(_ counter: VmCounter, _ from: Snapshot, _ to: Snapshot) -> Int {
  to[counter] - from[counter]
}

extension Operation {
  static func map(_ pages: Int, shared: Bool = false) -> Operation {
    .map(area: "A", .anonymous(shared: shared), pages: pages)
  }

  static func mapFile(shared: Bool, from: Int = 0, _ pages: Int? = nil) -> Operation {
    .map(area: "A", .file("data", shared: shared, from: from), pages: pages)
  }

  static func store(_ n: Int, from first: Int = 0, in area: String = "A") -> Operation {
    .touch(
      area: area, write: true, fill: false, AccessPattern(.sequential, from: first, length: n))
  }

  static func load(_ n: Int, from first: Int = 0, in area: String = "A") -> Operation {
    .touch(
      area: area, write: false, fill: false, AccessPattern(.sequential, from: first, length: n))
  }

  static func advise(_ advice: MemoryAdvice, from: Int = 0, _ n: Int? = nil) -> Operation {
    .adviseArea(area: "A", advice, from: from, length: n)
  }

  static let unmap = Operation.unmap(area: "A")
  static func lock(_ n: Int? = nil, from: Int = 0) -> Operation {
    .lock(area: "A", from: from, length: n)
  }
  static func unlock(_ n: Int? = nil, from: Int = 0) -> Operation {
    .unlock(area: "A", from: from, length: n)
  }
}
