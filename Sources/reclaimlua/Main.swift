// SPDX-License-Identifier: Apache-2.0
// The command line: the first word chooses a command, everything else is a scenario to run.

import Foundation

@main enum Main {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let code = run(arguments)
    fflush(nil)
    exit(code)
  }

  /// Exit codes: 0; 1 what was asked for failed; 2 usage.
  private static func run(_ arguments: [String]) -> Int32 {
    switch arguments.first {
    case "validate": return ValidateCommand.run(Array(arguments.dropFirst()))
    default: return ScenarioCommand.run(arguments)
    }
  }

  static func complain(_ message: String) {
    fflush(nil)
    FileHandle.standardError.write(Data("reclaimlua: \(message)\n".utf8))
  }
}
