// SPDX-License-Identifier: Apache-2.0
// Runs scenario text against a toy and keeps what came of it.

import Lua
import Scripting
import UAPI

struct Scenario {
  var report: RunReport
  var output: String
  var toys: [ToyBackend]
  /// What was asked of whoever makes machines.
  var requests: [MachineRequest]
  var allocations: UInt64

  var failure: String { report.failure?.text ?? "it did not fail" }
  /// What the script printed, without the heading.
  var printed: String {
    String(output.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).last ?? "")
  }

  init(
    _ text: String, seed: UInt64 = 1, arguments: [String] = [], budget: LuaBudget = LuaBudget(),
    limits: RunLimits = RunLimits(), refusing allocation: UInt64 = 0,
    modules: [String: String] = [:], trusted: Bool = false
  ) {
    final class Kept {
      var output = ""
      var toys: [ToyBackend] = []
      var requests: [MachineRequest] = []
    }
    let kept = Kept()
    let outside = ScenarioOutside(
      write: { kept.output += $0 },
      text: {
        $0 == "lib/half.lua" ? "return { half = function(n) return n // 2 end }" : modules[$0]
      },
      makeMachine: { request in
        kept.requests.append(request)
        guard request.like ?? "toy.json" == "toy.json" else {
          return .failure(MachineProblem("there is no '\(request.like!)' beside the scenario"))
        }
        let toy = ToyBackend(files: [FileSpec(name: "data", size: Pages(1024))] + request.files)
        kept.toys.append(toy)
        return .success(
          MadeMachine(
            backend: toy, kernel: "toy", description: "1 page",
            traceEvents: { [(.boot, .memcgReclaimEnd(reclaimed: 32))] }))
      })
    let host = ScenarioHost(
      name: "s.lua", arguments: arguments, seed: seed, trusted: trusted, budget: budget,
      limits: limits, outside: outside)
    host.state.refuseAllocation(allocation)
    report = host.run(text)
    allocations = host.state.allocationCount
    output = kept.output
    toys = kept.toys
    requests = kept.requests
  }

  /// The script with a machine `m` made on its first line, and one task whose body is given on its
  /// second.
  static func task(_ body: String) -> Scenario {
    Scenario(
      """
      local m = machine { like = "toy.json" } local cg = m:cgroup { name = "a" }
      m:spawn("worker", { cgroup = cg }, function(t) \(body) end)
      m:run()
      """)
  }
}
