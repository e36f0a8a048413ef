// SPDX-License-Identifier: Apache-2.0
// One run of a scenario on one kernel: introduces the script to a machine and lets it go.

import Foundation
import Fidelity
import Lua
import Scripting
import UAPI

struct ScenarioRun {
  private let words: CommandWords
  private let options: Options
  private let terminal: Terminal
  private let host: ScenarioHost
  private var promptFailed = false

  /// - Parameter performs: false boots machines that perform nothing.
  init(
    _ words: CommandWords, _ options: Options, kernel: String?, _ terminal: Terminal,
    performs: Bool = true
  ) {
    self.terminal = terminal
    self.words = words
    self.options = options
    let script = words.script
    let folder =
      script.flatMap { $0 == "-" ? nil : $0 }
      .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
      ?? URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    let showsProgress = Terminal.isTerminal(2)
    let errorsOnly = options.json || !performs
    var outside = ScenarioOutside(
      write: { errorsOnly ? terminal.writeError($0) : terminal.write($0) },
      text: { name in
        (try? Data(contentsOf: folder.appendingPathComponent(name))).map {
          String(decoding: $0, as: UTF8.self)
        }
      },
      makeMachine: {
        LikeMachine.make(
          $0, beside: folder, paranoid: options.paranoid, performs: performs)
      })
    outside.judge = Coverage.judge
    if showsProgress {
      outside.progress = { terminal.progress($0, $1) }
    }
    host = ScenarioHost(
      name: Self.name(of: words), arguments: words.arguments, wordsBefore: words.wordsBefore,
      seed: options.seed, kernel: kernel, trusted: options.trusted,
      limits: RunLimits(events: options.maxEvents),
      outside: outside)
  }

  /// What messages call the scenario, and `arg[0]`.
  private static func name(of words: CommandWords) -> String {
    switch words.script {
    case "-": "stdin"
    case let script?: script
    case nil: "reclaimlua"
    }
  }

  /// Whether the run counts as good: also each line at a prompt that no terminal answers.
  func passes(_ report: Report) -> Bool { report.passed && !(promptFailed && !isAtTerminal) }

  private var isAtTerminal: Bool { Terminal.isTerminal(0) }

  /// What stands before the script, the script, and the lines of standard input, as far as nothing
  /// fails.
  mutating func perform(_ text: String?) -> Report {
    terminal.beginProgress()
    var goesOn = true
    for part in words.beforehand where goesOn {
      let error =
        switch part {
        case .chunk(let chunk): host.perform(chunk, name: "(command line)")
        case .module(let module): host.require(module)
        }
      goesOn = error == nil
    }
    if goesOn, let text {
      goesOn = host.perform(text, name: Self.name(of: words), arguments: words.arguments) == nil
    }
    if words.startsPrompt, goesOn || words.isInteractive { answerLines() }
    let report = host.finish().report
    terminal.hideProgress()
    return report
  }

  private mutating func answerLines() {
    var repl = Repl(host)
    if isAtTerminal { terminal.write("\(Options.version)   Ctrl-D ends it\n") }
    while !Interruption.isRequested {
      if isAtTerminal {
        terminal.write(repl.isIncomplete ? ">> " : "> ")
        terminal.flush()
      }
      guard let line = readLine() else { break }
      tell(repl.take(line))
    }
    if isAtTerminal { terminal.write("\n") }
    tell(repl.end())
    promptFailed = repl.hasFailed
  }

  private func tell(_ answer: Repl.Answer) {
    if case .failed(let text) = answer { terminal.complain(text) }
  }
}
