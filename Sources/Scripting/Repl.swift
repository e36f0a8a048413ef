// SPDX-License-Identifier: Apache-2.0
// Lines to chunks, as lua's own prompt does it: an expression is answered with its values, a
// statement is run, and what is not whole yet waits for more lines.

package import Lua

package struct Repl {
  package enum Answer: Equatable {
    case done
    /// More lines are needed.
    case incomplete
    case failed(String)
  }

  /// What messages call the lines.
  private static let chunk = "stdin"
  private let host: ScenarioHost
  private var lines = ""
  /// Whether a chunk has failed; the run goes on all the same.
  package private(set) var hasFailed = false

  package init(_ host: ScenarioHost) { self.host = host }

  /// Whether a begun chunk waits for more lines.
  package var isIncomplete: Bool { !lines.isEmpty }

  /// Takes the next line, without its line break.
  package mutating func take(_ line: String) -> Answer {
    let isFirst = lines.isEmpty
    lines = isFirst ? line : lines + "\n" + line
    // "= x" is how a value was asked for once, and still is by habit.
    var expression = lines
    if expression.hasPrefix("=") { expression.removeFirst() }
    let asked = "return " + expression
    if compiles(asked) == nil { return run(asked) }
    if let problem = compiles(lines), problem.isIncompleteInput { return .incomplete }
    return run(lines)
  }

  /// No more lines will come: an incomplete chunk is run for its error.
  package mutating func end() -> Answer { isIncomplete ? run(lines) : .done }

  private func compiles(_ text: String) -> LuaError? {
    do throws(LuaError) {
      try host.state.compile(text, name: Self.chunk)
    } catch {
      return error
    }
    return nil
  }

  private mutating func run(_ text: String) -> Answer {
    lines = ""
    do throws(LuaError) {
      try host.state.run(text, name: Self.chunk, showingBy: "print")
      return .done
    } catch {
      hasFailed = true
      return .failed([error.text, error.traceback].compactMap(\.self).joined(separator: "\n"))
    }
  }
}

extension ScenarioHost {
  /// `-l NAME`: requires the module and makes it a global of that name.
  @discardableResult
  package func require(_ module: String) -> LuaError? {
    perform(
      "local name = ...; _G[name] = require(name)", name: "-l \(module)", arguments: [module])
  }
}
