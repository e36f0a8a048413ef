// SPDX-License-Identifier: Apache-2.0

import Foundation

@main enum Main {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.first == "validate" else { exit(2) }
    exit(ValidateCommand.run(Array(arguments.dropFirst())))
  }
}
