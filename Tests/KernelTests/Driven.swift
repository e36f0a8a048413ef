// SPDX-License-Identifier: Apache-2.0
// A small machine of some kernel, and one task that performs operations on it to the end.

import ReclaimEngine
import Timeline
import UAPI

/// 64 MiB, one zone, a file "data" of 4096 pages, swap, cgroups "a" and "a/b" without limits.
final class Driven {
  let machine: Machine

  init(_ kernel: String) throws {
    machine = try Machine(
      MachineSpec(
        kernel: kernel, nodes: [NodeSpec(zones: [ZoneSpec(kind: .normal, managed: 16384)])],
        disks: [DiskSpec(name: "swap", kind: .pmem, use: .swap, size: Bytes(16 << 20))],
        files: [FileSpec(name: "data", size: Pages(4096))]))
    precondition(machine.configureCgroup(path: "a/b", settings: []) == .done)
  }

  private final class Answers { var outcomes: [Outcome] = [] }

  /// Lets a task in the cgroup perform the operations; `look` sees the machine after each.
  @discardableResult
  func perform(
    _ operations: [Operation], in cgroup: String = "a", look: @escaping (Machine) -> Void = { _ in }
  ) -> [Outcome] {
    let answers = Answers(), machine = machine
    machine.spawn(TaskSpec(name: "task", cgroup: cgroup)) { handle, fiber throws(Killed) in
      for operation in operations {
        answers.outcomes.append(try await machine.perform(operation, by: handle, fiber))
        look(machine)
      }
    }
    machine.run(until: .distantFuture)
    return answers.outcomes
  }

  /// What a counter of the cgroup's memory.stat shows after each operation.
  func stat(
    _ counter: MemcgCounter, of seen: String = "a", in cgroup: String = "a",
    after operations: [Operation]
  ) -> [Int] {
    final class Seen { var values: [Int] = [] }
    let values = Seen()
    perform(operations, in: cgroup) { values.values.append($0.observe().cgroup(seen)![counter]) }
    return values.values
  }
}

extension Operation {
  static let mapAnonymous = Operation.map(area: "A", .anonymous(shared: false), pages: 4096)

  /// Writes to `n` pages of the area, from page `first`.
  static func write(_ first: Int, _ n: Int) -> Operation {
    .touch(
      area: "A", write: true, fill: false, AccessPattern(.sequential, from: first, length: n))
  }

  static func read(_ n: Int) -> Operation {
    .read(file: "data", AccessPattern(.sequential, from: 0, length: n))
  }
}
