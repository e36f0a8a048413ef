// SPDX-License-Identifier: Apache-2.0
// The command line: the first word chooses a command, everything else is a scenario to run.

import Foundation

@main enum Main {
  static func main() {
    let terminal = Terminal()
    let code = run(CommandLine.arguments, terminal)
    terminal.flush()
    fflush(nil)
    exit(code)
  }

  /// Exit codes: 0; 1 what was asked for failed; 2 usage; 130 interrupted.
  private static func run(_ words: [String], _ terminal: Terminal) -> Int32 {
    switch words.dropFirst().first {
    case "validate": return ValidateCommand.run(Array(words.dropFirst(2)))
    case "check": return CheckCommand.run(words[0], Array(words.dropFirst(2)), terminal)
    case "diff":
      terminal.complain("diff is not built yet; --kernel 5.10,6.1 sets two reports side by side")
      return 2
    default: return ScenarioCommand.run(words, terminal)
    }
  }
}
