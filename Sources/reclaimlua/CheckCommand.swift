// SPDX-License-Identifier: Apache-2.0
// `reclaimlua check scenario.lua [ARG ...]`: finds mistakes without running anything.
//
// The main chunk and the tasks' functions run, on a machine that boots and performs nothing: so
// syntax, names, fields, units and what is not built are found, in seconds whatever the scenario
// simulates. What it expects is not judged.

import ArgumentParser
import Foundation

enum CheckCommand {
  static func run(_ program: String, _ rest: [String], _ terminal: Terminal) -> Int32 {
    let words: CommandWords, options: Options
    do {
      words = try CommandWords([program] + rest)
      options = try Options.parse(words.options)
      try ScenarioCommand.expectSense(words, options)
      guard let script = words.script else {
        throw CommandWords.Mistake(text: "check: expected a scenario")
      }
      for (name, isGiven) in [
        ("--report", options.report != nil), ("--json", options.json),
        ("--csv", options.csv != nil), ("-i", words.isInteractive),
      ] where isGiven {
        throw CommandWords.Mistake(text: "check: it leaves no report, so \(name) makes no sense")
      }
      return try check(script, words, options, terminal)
    } catch {
      return ScenarioCommand.end(with: error, terminal)
    }
  }

  private static func check(
    _ script: String, _ words: CommandWords, _ options: Options, _ terminal: Terminal
  ) throws(OutputFile.Problem) -> Int32 {
    let text = try ScenarioText.read(script)
    Interruption.listen()
    for kernel in options.kernels.isEmpty ? [nil] : options.kernels.map(Optional.some) {
      var run = ScenarioRun(words, options, kernel: kernel, terminal, performs: false)
      let report = run.perform(text)
      if Interruption.isRequested { return Interruption.exitCode }
      if let failure = report.failure {
        terminal.complain(
          [failure.text, failure.traceback].compactMap(\.self).joined(separator: "\n"))
        return 1
      }
      let tasks = report.machines.reduce(0) { $0 + $1.tasks.count }
      let on = kernel.map { " on \($0)" } ?? ""
      terminal.write(
        """
        \(script): no mistake found\(on); \(count(report.machines.count, "machine")), \
        \(count(tasks, "task")), \(count(report.expectations.count, "expectation")) not judged

        """)
    }
    return 0
  }

  private static func count(_ n: Int, _ what: String) -> String {
    n == 1 ? "1 \(what)" : "\(n) \(what)s"
  }
}
