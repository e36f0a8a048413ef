// SPDX-License-Identifier: Apache-2.0
// require: what lies beside the scenario and nothing else; a module's mistake has the module's
// line.

import Testing

@Suite struct ModuleTests {
  private static let modules = [
    "lib/tools.lua": "count = (count or 0) + 1 return { twice = function(n) return 2 * n end }",
    "plain.lua": "local name, file = ... print(name, file)",
    "a-b.lua": "return 'dashed'",
    "broken.lua": "local x = 1\nlocal y = nil + x",
    "syntax.lua": "local x = 1\nlocal = 2",
    "bytecode.lua": "\u{1b}Lua",
    "a.lua": "local b = require 'b' return b",
    "b.lua": "\nlocal c = require 'c' return c",
    "c.lua": "local a = require 'a' return a",
    "self.lua": "return (require 'self')",
  ]

  private func run(_ text: String) -> Scenario { Scenario(text, modules: Self.modules) }

  @Test func aModuleRunsOnce() {
    #expect(
      run(
        """
        local one, two = require "lib.tools", require "lib.tools"
        print(one == two, one.twice(4), count, require "plain", require "plain", require "a-b")
        """
      ).printed == "plain\tplain.lua\ntrue\t8\t1\ttrue\ttrue\tdashed\ta-b.lua\n")
  }

  @Test func aModulesMistakeHasItsFileAndLine() {
    let failure = run("\nrequire 'broken'").report.failure
    #expect(failure?.text == "broken.lua:2: attempt to perform arithmetic on a nil value")
    #expect(
      failure?.traceback == """
        stack traceback:
        \tbroken.lua:2: in local 'module'
        \t[built in]: in function 'require'
        \ts.lua:2: in main chunk
        """)
    #expect(run("require 'syntax'").failure == "syntax.lua:2: <name> expected near '='")
    #expect(
      run("require 'bytecode'").failure.hasSuffix("attempt to load a binary chunk (mode is 't')"))
  }

  @Test func aFailedModuleMayBeRequiredAgain() {
    #expect(
      run("for _ = 1, 2 do print(pcall(require, 'broken')) end").printed
        == """
        false\tbroken.lua:2: attempt to perform arithmetic on a nil value
        false\tbroken.lua:2: attempt to perform arithmetic on a nil value

        """)
  }

  @Test func aCircleIsTold() {
    #expect(run("require 'a'").failure == "c.lua:1: require goes in a circle: a, b, c, a")
    #expect(run("require 'self'").failure == "self.lua:1: require goes in a circle: self, self")
  }

  @Test(arguments: [
    "../a", "/etc/passwd", "a/b", "..a", "a..b", "", ".", "a\\0b", "lib.tools.", "a b",
  ])
  func noNameLeadsOut(_ name: String) {
    #expect(
      run("require '\(name)'").failure.contains("names no file beside the scenario: a name is"))
  }

  @Test func whatIsMissingIsNamed() {
    #expect(
      run("require 'lib.half' require 'lib.whole'").failure
        == "s.lua:1: require: there is no 'lib/whole.lua' beside the scenario")
  }
}
