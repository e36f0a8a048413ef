// SPDX-License-Identifier: Apache-2.0
// Errors as an author sees them: place, words, and a traceback of the author's own lines.

import Lua
import Testing

@Suite struct TracebackTests {
  private func failure(_ text: String) -> (text: String?, traceback: String?) {
    let failure = Scenario(text, budget: LuaBudget(instructions: 20_000_000)).report.failure
    return (failure?.text, failure?.traceback)
  }

  @Test func aTracebackBeginsWhereACallbackFailed() {
    let (text, traceback) = failure(
      """
      local function compare(a, b)
        return a.x < b.x
      end
      table.sort({ 1, 2 }, compare)
      """)
    #expect(text == "s.lua:2: attempt to index a number value (local 'a')")
    #expect(
      traceback == """
        stack traceback:
        \ts.lua:2: in local 'less'
        \t[built in]: in function 'sort'
        \ts.lua:4: in main chunk
        """)
  }

  @Test func aTasksTracebackHasItsLines() {
    let (text, traceback) = failure(
      """
      local m = machine { like = "toy.json" }
      local function inner(t)
        t:sleeep "1 s"
      end
      m:spawn("w", function(t)
        inner(t)
      end)
      m:run()
      """)
    #expect(text == "s.lua:3: a task has no 'sleeep'; did you mean 'sleep'? (in task 'w')")
    #expect(
      traceback == """
        stack traceback:
        \ts.lua:3: in upvalue 'inner'
        \ts.lua:6: in function <s.lua:5>
        """)
  }

  @Test func noTracebackShowsHowTheSandboxIsMade() {
    for script in [
      "print(setmetatable({}, { __tostring = function() error 'no' end }))",
      "for _ in pairs(setmetatable({}, { __pairs = function() error 'no' end })) do end",
      "string.format('%d', 'x')", "require 'nowhere'", "setmetatable(1, {})", "tostring()",
      "os.date('%Ez', 1)", "next(1)", "xpcall(1, 2)", "coroutine.create(1)", "io.write({})",
      "table.sort({ 1, 'x' })", "load(function() error 'no' end)()",
    ] {
      let (text, traceback) = failure(script)
      #expect(text?.hasPrefix("s.lua:1: ") == true, "\(script): \(text ?? "it did not fail")")
      #expect(traceback?.contains("sandbox") == false, "\(script): \(traceback ?? "")")
      #expect(traceback?.hasSuffix("s.lua:1: in main chunk") == true, "\(traceback ?? "")")
    }
  }

  @Test func anErrorObjectTellsItself() {
    let object = "setmetatable({}, { __tostring = function() return 'own words' end })"
    #expect(failure("error(\(object))").text == "own words")
    #expect(
      Scenario.task("error(\(object))").failure == "own words (in task 'worker')")
    #expect(
      failure("error(setmetatable({}, { __tostring = function() error 'no' end }))").text
        == "the error object is a table whose __tostring fails")
    #expect(
      failure("error(setmetatable({}, { __tostring = function() while true do end end }))").text
        == "the error object is a table whose __tostring fails")
  }

  @Test func recursionWithoutEndIsTold() {
    let words =
      "stack overflow: calls are nested too deeply; does a function call itself without end?"
    let recursion = "local function f() return 1 + f() end f()"
    #expect(failure(recursion).text == "s.lua:1: " + words)
    #expect(Scenario.task(recursion).failure == "s.lua:2: \(words) (in task 'worker')")
    // The Swift function finds its slots or is not called, however little the stack has left.
    for arguments in 0..<8 {
      let list = (0..<arguments).map { "a\($0)" }.joined(separator: ", ")
      let deep =
        "local function f(\(list)) size '1 MiB' local t = { size } return 1 + f(\(list)) end f()"
      #expect(failure(deep).text == "s.lua:1: " + words)
    }
  }

  @Test func whatAClosingVariableRaisesReplacesTheError() {
    let (text, traceback) = failure(
      """
      local x <close> = setmetatable({}, { __close = function()
        error "late"
      end })
      error "early"
      """)
    #expect(text == "s.lua:2: late")
    #expect(traceback?.contains("s.lua:2: in ") == true, "\(traceback ?? "none")")
  }
}
