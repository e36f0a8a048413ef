// SPDX-License-Identifier: Apache-2.0
// `reclaimlua validate`: comes with the comparison of recordings.

enum ValidateCommand {
  static func run(_ arguments: [String]) -> Int32 {
    Main.complain("validate: this build compares no recordings")
    return 2
  }
}
