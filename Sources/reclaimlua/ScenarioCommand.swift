// SPDX-License-Identifier: Apache-2.0
// `reclaimlua [options] scenario.lua [ARG ...]`: reads the script, runs it once for each kernel,
// and prints and writes what came of it.

import ArgumentParser
import Foundation
import ReclaimEngine
import Scripting
import UAPI

enum ScenarioCommand {
  static func run(_ all: [String], _ terminal: Terminal) -> Int32 {
    let words: CommandWords, options: Options
    do {
      words = try CommandWords(all)
      options = try Options.parse(words.options)
      try expectSense(words, options)
    } catch {
      return end(with: error, terminal)
    }
    if words.showsVersion { terminal.write(Options.version + "\n") }
    if words.showsVersion, words.script == nil, words.beforehand.isEmpty, !words.isInteractive {
      return 0
    }
    do {
      return try perform(words, options, terminal)
    } catch {
      return end(with: error, terminal)
    }
  }

  /// What each option for itself allows, and all together do not.
  static func expectSense(
    _ words: CommandWords, _ options: Options
  ) throws(CommandWords.Mistake) {
    let built = KernelProfile.all.map(\.name)
    for kernel in options.kernels where !built.contains(kernel) {
      throw CommandWords.Mistake(
        text: "--kernel: kernel '\(kernel)' is not built; built: \(built.joined(separator: ", "))")
    }
    if options.kernels.count > 1, words.startsPrompt {
      throw CommandWords.Mistake(text: "--kernel: lines of standard input run on one kernel")
    }
  }

  private static func perform(
    _ words: CommandWords, _ options: Options, _ terminal: Terminal
  ) throws(OutputFile.Problem) -> Int32 {
    let json = try options.report.map(OutputFile.init)
    let csv = try options.csv.map(OutputFile.init)
    let text = try words.script.map(ScenarioText.read)
    Interruption.listen()
    let kernels: [String?] = options.kernels.isEmpty ? [nil] : options.kernels
    var reports: [Report] = []
    var passed = true
    for kernel in kernels where !Interruption.isRequested {
      if !reports.isEmpty, !options.json { terminal.write("\n") }
      var run = ScenarioRun(words, options, kernel: kernel, terminal)
      let report = run.perform(text)
      if !run.passes(report) { passed = false }
      reports.append(report)
      if kernels.count == 1, !options.json { terminal.write(report.text(terminal.style)) }
      if let failure = report.failure {
        terminal.complain(
          [failure.text, failure.traceback].compactMap(\.self).joined(separator: "\n"))
      }
    }
    if kernels.count > 1, !options.json {
      terminal.write(ReportComparison(reports).text(terminal.style))
    }
    if options.json { terminal.write(try ReportJSON.text(reports, asList: kernels.count > 1)) }
    terminal.flush()
    try json?.write(try ReportJSON.text(reports, asList: kernels.count > 1))
    try csv?.write(reports.enumerated().map { $1.csv(heading: $0 == 0) }.joined())
    return Interruption.isRequested ? Interruption.exitCode : passed ? 0 : 1
  }

  /// Help and version are no mistakes; everything else is one of usage.
  static func end(with error: any Error, _ terminal: Terminal) -> Int32 {
    if let problem = error as? OutputFile.Problem {
      terminal.complain(problem.text)
      return 1
    }
    if let mistake = error as? CommandWords.Mistake {
      terminal.complain("\(mistake.text)\n\(Options.usageLines)")
      return 2
    }
    if Options.exitCode(for: error).isSuccess {
      terminal.write(Options.fullMessage(for: error) + "\n")
      return 0
    }
    terminal.complain("\(Options.message(for: error))\n\(Options.usageLines)")
    return 2
  }
}

enum ScenarioText {
  /// The text of a script; "-" is standard input.
  static func read(_ script: String) throws(OutputFile.Problem) -> String {
    if script == "-" {
      return String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
    }
    do {
      return String(decoding: try Data(contentsOf: URL(fileURLWithPath: script)), as: UTF8.self)
    } catch {
      throw OutputFile.Problem(text: "cannot read '\(script)'")
    }
  }
}
