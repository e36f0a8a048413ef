// SPDX-License-Identifier: Apache-2.0
// The options of a scenario run, read as lua reads its own: options stand before the script, and
// what follows the script is the script's, untouched.

import ArgumentParser

struct Options: ParsableCommand {
  static let version = "reclaimlua 0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "reclaimlua",
    abstract: "Runs a scenario of memory reclaim, written in Lua, on a simulated Linux machine.",
    usage: """
      reclaimlua [--seed N] [--paranoid] scenario.lua [ARG ...]
      reclaimlua validate [--json] [--cells] [--events] RECORDING ...
      """,
    discussion: """
      Options stand before the script; the arguments after it are the script's global `arg`. A \
      script whose name is a command's is run as ./validate.

      Exit: 0; 1 when the scenario or an expectation failed, or could not be read; 2 for a mistake \
      on the command line.
      """,
    version: version)

  @Option(help: "The seed of everything random in the run.")
  var seed: UInt64 = 1

  @Flag(
    help: "Check the machine's invariants after every event: slow, and the results are the same.")
  var paranoid = false

  /// The options that take the word after them.
  private static let withValue = ["--seed"]

  /// Where the options end: the position of the script, or the number of words.
  static func scriptPosition(in words: [String]) -> Int {
    var i = 0
    while i < words.count, words[i].hasPrefix("-"), words[i] != "-" {
      if words[i] == "--" { return i + 1 }
      i += withValue.contains(words[i]) ? 2 : 1
    }
    return min(i, words.count)
  }
}
