// SPDX-License-Identifier: Apache-2.0
// `machine { like = "FILE" }`: a file beside the scenario becomes a booted machine.

import Foundation
import Scripting

enum LikeMachine {
  static func make(
    _ request: MachineRequest, beside folder: URL, paranoid: Bool
  ) -> Result<MadeMachine, MachineProblem> {
    .failure(MachineProblem("this build boots no machine, so neither one like '\(request.like)'"))
  }
}
