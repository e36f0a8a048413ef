// SPDX-License-Identifier: Apache-2.0
// The long options of a scenario run, and what --help says of all of them.

import ArgumentParser
import Scripting

struct Options: ParsableCommand {
  static let version = "reclaimlua 0.1.0"

  static let usage = """
    reclaimlua [OPTION ...] [scenario.lua [ARG ...]]
    reclaimlua check [OPTION ...] scenario.lua [ARG ...]
    reclaimlua validate [--json] [--cells] [--events] RECORDING ...
    """

  /// The same below a message.
  static let usageLines =
    "usage: " + usage.split(separator: "\n").joined(separator: "\n       ")

  static let configuration = CommandConfiguration(
    commandName: "reclaimlua",
    abstract: "Runs a scenario of memory reclaim, written in Lua, on a simulated Linux machine.",
    usage: usage,
    discussion: """
      Options stand before the script; the arguments after it are the script's global `arg`. As \
      with lua:

        -e CHUNK    run the chunk before the script
        -l MODULE   require the module, and make it a global of its name
        -i          read lines from standard input after the script, and answer them
        -v          print the version
        -           the script is standard input
        --          end of options

      Without a script, -e or -v, lines of standard input are answered one by one. A script whose \
      name is a command's is run as ./check.

      Commands:
        check       run the main chunk and the tasks' functions on a machine that boots and \
      performs nothing: syntax, names, fields, units
        validate    perform recorded workloads, compare with the real kernel's counters

      Exit: 0; 1 the scenario or an expectation failed, or a file could not be read or written; 2 \
      a mistake on the command line; 130 after Ctrl-C, with the report so far.
      """,
    version: version)

  @Option(help: "The seed of everything random in the run.")
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      """
      The kernel, as the global `kernel` and in place of the one that a machine's description was \
      recorded on; several, as 5.10,6.1, run the scenario once for each and set the reports side \
      by side.
      """, valueName: "release"))
  var kernel: String?

  @Option(help: ArgumentHelp("Write the report as JSON.", valueName: "file"))
  var report: String?

  @Flag(
    help: """
      Write the report as JSON to standard output, and nothing else; what the scenario prints goes \
      to standard error.
      """)
  var json = false

  @Option(help: ArgumentHelp("Write what m:watch sampled.", valueName: "file"))
  var csv: String?

  @Option(
    name: .customLong("max-events"),
    help: "End the run when that many events have happened in one machine.")
  var maxEvents: UInt64 = RunLimits.defaultEvents

  @Flag(help: "Open Lua's whole standard library: another run may then be another one.")
  var trusted = false

  @Flag(
    help: "Check the machine's invariants after every event: slow, and the results are the same.")
  var paranoid = false

  /// The kernels asked for, in order; none: the machine's own.
  var kernels: [String] {
    kernel?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
  }
}
