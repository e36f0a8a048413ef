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
    // Whoever started this may have blocked the signal, which a program inherits.
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGINT)
    sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  static var isRequested: Bool { LuaInterruption.isRequested }
}
