// SPDX-License-Identifier: Apache-2.0
// What can be written into a memory cgroup's files.

/// One file of a cgroup v2 memory controller and the value written to it; nil pages stand for
/// "max".
package enum CgroupSetting: Hashable, Sendable {
  case max(Pages?)
  case high(Pages?)
  case low(Pages?)
  case min(Pages?)
  case swapMax(Pages?)
  case swapHigh(Pages?)
  case oomGroup(Bool)

  /// The file's name, such as "memory.max".
  package var file: String {
    switch self {
    case .max: "memory.max"
    case .high: "memory.high"
    case .low: "memory.low"
    case .min: "memory.min"
    case .swapMax: "memory.swap.max"
    case .swapHigh: "memory.swap.high"
    case .oomGroup: "memory.oom.group"
    }
  }
}

/// Paths of cgroups as scenarios and recordings write them: "a", "a/b", "/" for the root.
package enum CgroupPath {
  /// The parts of a path, root first and not named; empty for the root itself.
  package static func parts(_ path: String) -> [String] {
    path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
  }
}
