// SPDX-License-Identifier: Apache-2.0
// A trusted scenario has all of Lua, and still its budgets.

import Lua
import Testing

@Suite struct TrustedTests {
  @Test func aTrustedScenarioHasLuasWholeLibrary() {
    let s = Scenario(
      """
      assert(io.open and os.execute and debug.traceback and package.path and string.dump)
      assert(load(string.dump(function() return 7 end))() == 7)
      assert(not tostring({}):find("^table$"))
      local collected
      do local t = setmetatable({}, { __gc = function() collected = true end }) end
      collectgarbage() collectgarbage()
      local m = machine { like = "toy.json" }
      m:spawn("w", function(t) t:sleep "1 s" end)
      m:run()
      print(collected, os.getenv("HOME") ~= nil, require("lib.half").half(8), host_write)
      """, trusted: true)
    #expect(s.report.passed, "\(s.failure)")
    #expect(s.printed.hasPrefix("true\ttrue\t4\tnil\n"), "\(s.output)")
  }

  @Test func budgetsHoldForATrustedScenario() {
    let budget = LuaBudget(instructions: 100_000, memory: 4 << 20)
    #expect(
      Scenario("while true do pcall(error) end", budget: budget, trusted: true).failure
        .contains("the script's budget of 100000 instructions is spent"))
    #expect(
      Scenario("local s = 'x' while true do s = s .. s end", budget: budget, trusted: true).failure
        .contains("the script's memory budget of 4 MiB is spent"))
  }

  @Test func aSandboxedScenarioHasNot() {
    #expect(
      Scenario("print(rawget(_G, 'io').open)").failure.contains("io.open is not in the sandbox"))
  }
}
