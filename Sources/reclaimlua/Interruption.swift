// SPDX-License-Identifier: Apache-2.0
// Ctrl-C: the first asks the scenario to end, with the report so far; the second ends the program.

import Foundation
import Lua

enum Interruption {
  static let exitCode: Int32 = 130

  static func listen() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in LuaInterruption.request() }
    action.sa_flags = Int32(truncatingIfNeeded: SA_RESETHAND)
    sigaction(SIGINT, &action, nil)
  }

  static var isRequested: Bool { LuaInterruption.isRequested }
}
