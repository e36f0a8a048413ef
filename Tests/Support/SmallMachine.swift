// SPDX-License-Identifier: Apache-2.0
// Small machines for tests: one node, one zone, 64 MiB unless said otherwise, files that exist and
// are not cached.

package import ReclaimEngine
package import UAPI

package enum SmallMachine {
  /// A machine described in words, without disks and without anything on its lists.
  /// - Parameter memory: of its one zone; 8 MiB is the least.
  package static func spec(
    memory: Bytes = Bytes(64 << 20), files: [(name: String, pages: Int)] = [("data", 4096)],
    seed: UInt64 = 1, sysctls: [(name: String, value: Int)] = []
  ) -> MachineSpec {
    MachineSpec(
      kernel: "6.1", seed: seed,
      nodes: [NodeSpec(zones: [ZoneSpec(kind: .normal, managed: memory.pages.count)])],
      files: files.map { FileSpec(name: $0.name, size: Pages($0.pages)) }, sysctls: sysctls)
  }

  package static func boot(
    _ spec: MachineSpec = spec(), trace: TraceMode = .record, paranoid: Bool = false
  ) throws -> Machine {
    try Machine(spec, trace: trace, paranoid: paranoid)
  }
}
