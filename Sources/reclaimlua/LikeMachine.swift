// SPDX-License-Identifier: Apache-2.0
// `machine { like = "FILE" }`: what a recording asks becomes a booted machine, and the script gets
// it.
//
// Only the question is read: the machine, its state at `base`, and what the set-up made before. The
// recorded workload itself is left out; the scenario brings its own.

import Fidelity
package import Foundation
import ReclaimEngine
package import Scripting
import Timeline
import UAPI

package enum LikeMachine {
  package static func make(
    _ request: MachineRequest, beside folder: URL, kernel: String?, paranoid: Bool,
    performs: Bool
  ) -> Result<MadeMachine, MachineProblem> {
    do {
      let path = folder.appendingPathComponent(request.like).path
      let question = try RecordingQuestion(try RecordingFile(path: path))
      if let refusal = RecordedMachine.refusal(of: question) {
        return .failure(MachineProblem("like '\(request.like)': \(refusal)"))
      }
      let program = try WorkloadOps.program(of: question)
      if let refusal = program.setupRefusals.first {
        return .failure(MachineProblem("like '\(request.like)': \(refusal)"))
      }
      let files = program.files.filter { old in
        !request.files.contains { $0.name == old.name }
      }
      var spec = try RecordedMachine.spec(of: question, files: files + request.files)
      spec.seed = request.seed
      let recordedOn = spec.kernel
      if let kernel { spec.kernel = kernel }
      if let swap = request.swap {
        spec.disks.removeAll { $0.use == .swap }
        spec.disks.append(swap)
      }
      spec.sysctls += request.sysctls
      return boot(spec, request, recordedOn: recordedOn, paranoid, performs)
    } catch {
      return .failure(MachineProblem("like '\(request.like)': \(error.reason)"))
    }
  }

  private static func boot(
    _ spec: MachineSpec, _ request: MachineRequest, recordedOn: String, _ paranoid: Bool,
    _ performs: Bool
  ) -> Result<MadeMachine, MachineProblem> {
    do {
      let machine = try Machine(spec, trace: request.trace ? .record : .digest, paranoid: paranoid)
      let pages = spec.nodes.reduce(0) { $0 + $1.zones.reduce(0) { $0 + $1.managed } }
      let isOther = recordedOn != spec.kernel
      let whose = isOther ? " (zones, watermarks and lists as \(recordedOn) had them)" : ""
      return .success(
        MadeMachine(
          backend: performs ? machine : IdleBackend(machine), kernel: spec.kernel,
          description: "\(spec.nodes.count) node, \(spec.cpus) CPU, \(pages / 256) MiB managed, "
            + "like \(request.like)\(whose)" + changes(request),
          cpus: spec.cpus, recordedOn: isOther ? recordedOn : nil
        ) { machine.recordedEvents })
    } catch {
      return .failure(MachineProblem("like '\(request.like)': \(error.message)"))
    }
  }

  /// What the scenario changed about the machine, for the heading.
  private static func changes(_ request: MachineRequest) -> String {
    var words = request.sysctls.map { ", \($0.name) \($0.value)" }
    if let swap = request.swap {
      words.insert(", \(swap.size.text) swap on \(swap.kind.rawValue)", at: 0)
    }
    return words.joined()
  }
}
