// SPDX-License-Identifier: Apache-2.0
// Memory may end at any moment: over each example, every allocation that Lua asks for is refused in
// turn. No crash, no leak, and one clear error, or none where Lua can do without.

import Foundation
import Scripting
import Testing
import reclaimlua

@Suite struct RefusedAllocationTests {
  /// Every example's allocations up to this one are refused, one a run.
  private static let last: UInt64 = 2000

  @Test(arguments: ExampleTests.examples) func anExampleSurvives(_ name: String) throws {
    let whole = try Attempt(name, refusing: 0)
    #expect(whole.report.failure == nil)
    // Beyond the last allocation nothing is refused: such a run is `whole` once more.
    for n in 1...min(Self.last, whole.allocations + 1) {
      let attempt = try Attempt(name, refusing: n)
      #expect(attempt.isGone, "\(name), allocation \(n): something is still alive")
      guard let failure = attempt.report.failure else {
        #expect(attempt.output == whole.output, "\(name), allocation \(n)")
        continue
      }
      #expect(
        failure.text.contains("the script's memory budget of 512 MiB is spent"),
        "\(name), allocation \(n): \(failure.text)")
    }
  }
}

private struct Weak {
  weak var machine: AnyObject?
  init(_ machine: AnyObject?) { self.machine = machine }
}

/// An example run in this process, with one of its allocations refused.
private struct Attempt {
  let report: RunReport
  let output: String
  let allocations: UInt64
  /// Whether the host, and all that it held, died with its last user.
  let isGone: Bool

  init(_ name: String, refusing allocation: UInt64) throws {
    final class Output { var text = "" }
    let output = Output()
    var machines: [Weak] = []
    let folder = Command.root.appendingPathComponent("examples")
    let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    let outside = ScenarioOutside(
      write: { output.text += $0 },
      makeMachine: { request in
        let made = LikeMachine.make(request, beside: folder, paranoid: false, performs: true)
        machines.append(Weak(try? made.get().backend))
        return made
      })
    weak var host: ScenarioHost?
    (report, allocations) = {
      let running = ScenarioHost(name: name, outside: outside)
      host = running
      running.state.refuseAllocation(allocation)
      return (running.run(text), running.state.allocationCount)
    }()
    isGone = host == nil && machines.allSatisfy { $0.machine == nil }
    self.output = output.text
  }
}
