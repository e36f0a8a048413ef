// SPDX-License-Identifier: Apache-2.0
// `machine { like = "FILE" }`: what a file tells of a real machine becomes a booted one, and the
// script gets it.
//
// Of a recording only the question is read: the machine, its state at `base`, and what the set-up
// made before. The recorded workload itself is left out; the scenario brings its own. A captured
// host has no workload.

import Fidelity
package import Foundation
import ReclaimEngine
package import Scripting
import Timeline
import UAPI

package enum LikeMachine {
  /// How a machine is to be run.
  struct Manner {
    /// Check all invariants after every event.
    var paranoid: Bool
    /// False: it boots and performs nothing.
    var performs: Bool
  }

  /// The machine that a scenario asks for, from a file or in words.
  package static func make(
    _ request: MachineRequest, beside folder: URL, paranoid: Bool, performs: Bool
  ) -> Result<MadeMachine, MachineProblem> {
    let manner = Manner(paranoid: paranoid, performs: performs)
    guard let like = request.like else { return BootedMachine.make(request, manner) }
    do {
      let path = folder.appendingPathComponent(like).path
      guard FileManager.default.fileExists(atPath: path) else {
        return .failure(MachineProblem("like '\(like)': there is no such file beside the scenario"))
      }
      let file = try RecordingFile(path: path)
      let source =
        CapturedHost.isOne(file)
        ? try host(CapturedHost(file), request) : try recording(RecordingQuestion(file), request)
      return boot(try source.get(), request, manner)
    } catch let problem as RecordingError {
      return .failure(MachineProblem("like '\(like)': \(problem.reason)"))
    } catch let problem as MachineProblem {
      return .failure(MachineProblem("like '\(like)': \(problem.message)"))
    } catch {
      return .failure(MachineProblem("like '\(like)': \(error)"))
    }
  }

  /// What is to be booted, and what the heading says of it.
  private struct Source {
    var spec: MachineSpec
    var cgroups: [CgroupSpec] = []
    var description: String
  }

  private static func recording(
    _ question: RecordingQuestion, _ request: MachineRequest
  ) throws -> Result<Source, MachineProblem> {
    if let refusal = RecordedMachine.refusal(of: question, runningOn: request.kernel) {
      return .failure(MachineProblem(refusal))
    }
    let program = try WorkloadOps.program(of: question)
    if let refusal = program.setupRefusals.first { return .failure(MachineProblem(refusal)) }
    let files = program.files.filter { old in !request.files.contains { $0.name == old.name } }
    let directories = program.directories.filter { old in
      !request.directories.contains { $0.name == old.name }
    }
    let spec = try RecordedMachine.spec(
      of: question, files: files + request.files, directories: directories + request.directories)
    return .success(Source(spec: spec, description: description(spec, "1 CPU", request)))
  }

  private static func host(
    _ host: CapturedHost, _ request: MachineRequest
  ) throws -> Result<Source, MachineProblem> {
    let replacesSwap = request.swap != nil || request.withoutSwap
    if let refusal = host.refusal(runningOn: request.kernel, replacingSwap: replacesSwap) {
      return .failure(MachineProblem(refusal))
    }
    var spec = try host.spec(kernel: request.kernel)
    spec.files = request.files
    spec.directories = request.directories
    let cpus = host.cpus == 1 ? "1 CPU" : "1 of its \(host.cpus) CPUs"
    return .success(
      Source(
        spec: spec, cgroups: host.cgroups, description: description(spec, cpus, request)))
  }

  private static func description(
    _ spec: MachineSpec, _ cpus: String, _ request: MachineRequest
  ) -> String {
    let pages = spec.nodes.reduce(0) { $0 + $1.zones.reduce(0) { $0 + $1.managed } }
    return "\(spec.nodes.count) node, \(cpus), \(pages / 256) MiB managed, like \(request.like!)"
  }

  private static func boot(
    _ source: Source, _ request: MachineRequest, _ manner: Manner
  ) -> Result<MadeMachine, MachineProblem> {
    var spec = source.spec, description = source.description
    spec.seed = request.seed ?? request.defaultSeed
    var recordedOn: String?
    if let kernel = request.kernel, kernel != spec.kernel {
      description += " (zones, watermarks and lists as \(spec.kernel) had them)"
      recordedOn = spec.kernel
      spec.kernel = kernel
    }
    if request.withoutSwap { spec.disks.removeAll { $0.use == .swap } }
    if let swap = request.swap {
      spec.disks.removeAll { $0.use == .swap }
      spec.disks.append(swap)
    }
    spec.sysctls += request.sysctls
    do throws(BootError) {
      try Boot.rewriteMarks(&spec, request.sysctls)
    } catch {
      return .failure(MachineProblem("like '\(request.like!)': \(error.message)"))
    }
    return boot(
      spec, request, manner, description: description + changes(request), recordedOn: recordedOn,
      source.cgroups)
  }

  /// Boots a spec and makes the cgroups that its description has.
  static func boot(
    _ spec: MachineSpec, _ request: MachineRequest, _ manner: Manner, description: String,
    recordedOn: String? = nil, _ cgroups: [CgroupSpec] = []
  ) -> Result<MadeMachine, MachineProblem> {
    let of = request.like.map { "like '\($0)': " } ?? ""
    var spec = spec
    spec.hasRecursiveProtection = request.recursiveProtection
    do throws(BootError) {
      let machine = try Machine(
        spec, trace: request.trace ? .record : .digest, paranoid: manner.paranoid)
      for cgroup in cgroups {
        switch machine.configureCgroup(path: cgroup.path, settings: cgroup.settings) {
        case .unsupported(let what):
          throw BootError("cgroup '\(cgroup.path)': \(what)")
        case .failed(let errno): throw BootError("cgroup '\(cgroup.path)': \(errno.rawValue)")
        case .done, .pages, .frame: break
        }
      }
      return .success(
        MadeMachine(
          backend: manner.performs ? machine : IdleBackend(machine), kernel: spec.kernel,
          description: description, cpus: spec.cpus, recordedOn: recordedOn
        ) { machine.recordedEvents })
    } catch {
      return .failure(MachineProblem(of + error.message))
    }
  }

  /// What the scenario changed about the machine, for the heading.
  static func changes(_ request: MachineRequest) -> String {
    var words = request.sysctls.map { ", \($0.name) \($0.value)" }
    if let swap = request.swap {
      words.insert(", \(swap.size.text) swap on \(swap.kind.rawValue)", at: 0)
    }
    if request.withoutSwap { words.insert(", no swap", at: 0) }
    if request.recursiveProtection { words.append(", memory_recursiveprot") }
    if let seed = request.seed { words.append(", seed \(seed)") }
    return words.joined()
  }
}
