// SPDX-License-Identifier: Apache-2.0
// Lines at a prompt become chunks, as with lua.

import Scripting
import Testing
import UAPI

@Suite struct ReplTests {
  private final class Prompt {
    private(set) var output = ""
    private(set) var answers: [Repl.Answer] = []
    private var repl: Repl!
    private var host: ScenarioHost!

    init(_ lines: [String]) {
      let outside = ScenarioOutside(
        write: { [unowned self] in output += $0 },
        makeMachine: { _ in .failure(MachineProblem("there is none")) })
      host = ScenarioHost(name: "reclaimlua", outside: outside)
      repl = Repl(host)
      for line in lines { answers.append(repl.take(line)) }
      answers.append(repl.end())
    }

    /// What was printed, without the heading.
    var printed: String { String(output.dropFirst("seed 1\n".count)) }
  }

  @Test func anExpressionIsAnsweredWithItsValues() {
    #expect(Prompt(["1 + 1", "= 'a', nil", "x = 3", "x", "nil"]).printed == "2\na\tnil\n3\nnil\n")
  }

  @Test func whatIsNotWholeWaitsForMoreLines() {
    let prompt = Prompt([
      "for i = 1, 2 do", "print(i)", "end", "f = function(", ") return 7 end", "f()",
    ])
    #expect(prompt.printed == "1\n2\n7\n")
    #expect(prompt.answers == [.incomplete, .incomplete, .done, .incomplete, .done, .done, .done])
  }

  @Test func anErrorIsToldAndTheNextLineGoesOn() {
    let prompt = Prompt(["local x = = 1", "nil + 1", "'still here'", "f("])
    #expect(prompt.printed == "still here\n")
    guard case .failed(let syntax) = prompt.answers[0], case .failed(let value) = prompt.answers[1],
      case .incomplete = prompt.answers[3], case .failed(let cut) = prompt.answers[4]
    else {
      Issue.record("\(prompt.answers)")
      return
    }
    #expect(syntax == "stdin:1: unexpected symbol near '='")
    #expect(value.hasPrefix("stdin:1: attempt to perform arithmetic on a nil value"))
    #expect(cut.hasPrefix("stdin:1: ") && cut.hasSuffix("near <eof>"))
  }
}
