// SPDX-License-Identifier: Apache-2.0
// `machine { memory = "4 GiB" }`: a machine described in words.

import Fidelity
import ReclaimEngine
import Scripting
import UAPI

enum BootedMachine {
  /// What a scenario gets that names no kernel.
  static let defaultKernel = "6.1"

  static func make(
    _ request: MachineRequest, _ manner: LikeMachine.Manner
  ) -> Result<MadeMachine, MachineProblem> {
    do throws(BootError) {
      let node = request.nodes[0]
      guard request.nodes.count == 1 else {
        throw BootError(
          "\(request.nodes.count) nodes: machines of several nodes are not built yet, expected 1")
      }
      guard node.cpus == 1 else {
        throw BootError(
          "\(node.cpus) CPUs: machines of several CPUs are not built yet, expected 1")
      }
      let files = request.files
      var disks = [request.disk ?? DiskSpec(name: "pmem", kind: .pmem, size: Bytes(1 << 60))]
      if let swap = request.swap { disks.append(swap) }
      var spec = try Boot.spec(
        kernel: request.kernel ?? defaultKernel, memory: node.memory,
        seed: request.seed ?? request.defaultSeed, disks: disks, files: files,
        sysctls: request.sysctls)
      spec.directories = request.directories
      return LikeMachine.boot(
        spec, request, manner,
        description: "1 node, 1 CPU, \(node.memory.text)" + LikeMachine.changes(request))
    } catch {
      return .failure(MachineProblem(error.message))
    }
  }
}
