// SPDX-License-Identifier: Apache-2.0
// `reclaimlua validate`: recordings of real kernels in, their workloads performed on the simulated
// machine, counters compared.

import ArgumentParser
import Fidelity
import Foundation

enum ValidateCommand {
  private enum Exit {
    static let good: Int32 = 0
    static let differs: Int32 = 1
    static let usage: Int32 = 2
  }

  /// Runs the command on the words after `validate`.
  /// - Returns: the exit status: 0 when every recording was performed and every cell holds, 1
  /// otherwise, 2 for a call
  ///   that makes no sense.
  static func run(_ arguments: [String]) -> Int32 {
    let options: Options
    do {
      options = try Options.parse(arguments)
    } catch {
      let asksForHelp = Options.exitCode(for: error) == .success
      let text = Options.fullMessage(for: error) + "\n"
      if asksForHelp { output(text) } else { complain(text) }
      return asksForHelp ? Exit.good : Exit.usage
    }
    do {
      return try validate(RecordingFile.expand(options.recordings), options)
    } catch {
      complain("reclaimlua validate: \(error)\n")
      return Exit.usage
    }
  }

  private struct Options: ParsableCommand {
    @Flag(help: "Write JSON to standard output, and nothing else.")
    var json = false
    @Flag(help: "List the cells that miss.")
    var cells = false
    @Flag(
      help: "Show simulated and recorded trace events side by side, the first difference first.")
    var events = false
    @Flag(help: "Show how long each interval between marks took, guest's and simulated time.")
    var times = false
    @Flag(help: "Check the engine's invariants all along.")
    var paranoid = false
    @Argument(help: "Recordings, .json or .json.gz, or folders of them.")
    var recordings: [String]

    static let configuration = CommandConfiguration(
      commandName: "reclaimlua validate",
      abstract: "Perform the workloads of recordings and compare counters with the real kernel's.")
  }

  private static func validate(_ paths: [String], _ options: Options) throws(RecordingError)
    -> Int32
  {
    var rows: [Scoreboard.Row] = []
    for path in paths {
      let row: Scoreboard.Row
      do throws(RecordingError) {
        row = .compared(try compare(path, options))
      } catch {
        if options.json { complain("\(error)\n") }
        row = .unreadable(error)
      }
      rows.append(row)
    }
    if options.json {
      do {
        output(try Scoreboard.json(rows))
      } catch {
        throw RecordingError(file: "JSON", reason: "\(error)")
      }
    } else {
      output(Scoreboard.text(rows) + "\n")
    }
    return rows.allSatisfy(\.isGood) ? Exit.good : Exit.differs
  }

  private static func compare(_ path: String, _ options: Options) throws(RecordingError)
    -> Comparison
  {
    let file = try RecordingFile(path: path)
    let question = try RecordingQuestion(file)
    let run = try WorkloadRunner.run(
      question, recordEvents: options.events, paranoid: options.paranoid)
    let answers = try RecordingAnswers(file)
    let comparison = Comparison(question: question, run: run, answers: answers)
    // With --json standard output holds JSON alone, so what was asked for besides goes to standard
    // error.
    let tell = options.json ? complain : output
    if options.cells {
      for line in Scoreboard.details(comparison) { tell("\(path): \(line)\n") }
    }
    if options.times {
      let times = IntervalTimes(run: run, answers: answers)?.lines ?? ["no times to compare"]
      for line in times { tell("\(path): \(line)\n") }
    }
    if options.events {
      let events = try EventComparison(
        recording: file, answers: answers, comparison: comparison)
      let lines = events?.lines ?? ["no events to compare"]
      for line in lines { tell("\(path): \(line)\n") }
      for line in KernelLogComparison(answers: answers, run: run).lines {
        tell("\(path): kernel log: \(line)\n")
      }
    }
    return comparison
  }

  private static func output(_ text: String) {
    guard let problem = Terminal.writeAll(Array(text.utf8), to: 1) else { return }
    complain("reclaimlua validate: cannot write standard output: \(problem)\n")
    exit(Exit.differs)
  }

  private static func complain(_ text: String) {
    _ = Terminal.writeAll(Array(text.utf8), to: 2)
  }
}
