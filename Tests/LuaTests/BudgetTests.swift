// SPDX-License-Identifier: Apache-2.0
// Budgets that a script cannot talk its way out of, and memory refused at any moment.

import Lua
import Testing

private let small = LuaBudget(instructions: 200_000, memory: 4 << 20)
private let spent =
  """
  the script's budget of 200000 instructions is spent: it ran that long without giving the \
  machine a turn
  """
private let full = "the script's memory budget of 4 MiB is spent"

/// protect and guard put where a sandbox puts them.
private let sandboxed = """
  local wrap, create, real = coroutine.wrap, coroutine.create, xpcall
  coroutine.wrap = function(f) return wrap(protect(f)) end
  coroutine.create = function(f) return create(protect(f)) end
  xpcall = function(f, h, ...) return real(f, guard(h), ...) end

  """

@Suite struct BudgetTests {
  @Test(arguments: [
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "while true do xpcall(function() while true do end end, function() while true do end end) end",
    "for i = 1, 1/0 do coroutine.wrap(function() while true do end end)() end",
    "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    "local function f() return pcall(f) end while true do f() end",
    """
    coroutine.wrap(function()
      local x <close> = setmetatable({}, {__close = function() while true do end end})
      while true do end
    end)()
    """,
    "local s = setmetatable({}, {__index = function() while true do end end}) return s.x",
  ])
  func endlessLoopsEnd(_ loop: String) {
    let (state, _) = reporting(small)
    let text = failure(state, sandboxed + loop)?.text ?? "it ended"
    #expect(text.hasSuffix(spent))
    #expect(text.hasPrefix("test.lua:"))
    #expect(failure(state, "report(1)") == nil)
  }

  @Test(arguments: [
    "local t = {} for i = 1, 1/0 do t[i] = {} end",
    "local s = 'x' while true do s = s .. s end",
    "return ('x'):rep(1 << 30)",
    "local t = {} while true do pcall(function() for i = #t, 1/0 do t[i + 1] = {} end end) end",
    """
    local function f(...) return f(1, 2, 3, ...) end while true do pcall(f) local s = \
    ('x'):rep(1 << 23) end
    """,
  ])
  func memoryBombsEnd(_ bomb: String) {
    let (state, _) = reporting(LuaBudget(instructions: 50_000_000, memory: 4 << 20))
    let text = failure(state, bomb)?.text ?? "it ended"
    #expect(text == "test.lua:1: " + full)
    #expect(failure(state, "report(1)") == nil)
  }

  @Test func aTaskHasABudgetOfItsOwn() {
    let d = Driven(
      "drive(function() for i = 1, 10 do for j = 1, 50000 do end ask() end while true do end end)",
      budget: small)
    for _ in 0..<10 { #expect(d.resume() == "suspended") }
    #expect(d.resume() == "test.lua:1: " + spent)
    #expect(failure(d.state, "for j = 1, 50000 do end") == nil)
  }

  @Test func closingATaskWhoseBudgetIsSpentEnds() {
    let d = Driven(
      """
      drive(function()
        local x <close> = setmetatable({}, {__close = function() while true do end end})
        while true do end
      end)
      """, budget: small)
    #expect(d.resume().hasSuffix(spent))
    #expect(d.coroutine.close() == nil)
  }

  @Test func whatSwiftPushesCountsToo() {
    let (state, _) = reporting(small)
    state.setGlobal("flood") { call throws(LuaError) in
      .values([.string(String(repeating: "x", count: 5 << 20))])
    }
    #expect(failure(state, "local s = flood()")?.text == "test.lua:1: " + full)
  }

  @Test func anyAllocationMayBeRefused() {
    let script = """
      local t = {}
      for i = 1, 20 do t[i] = ("line %d"):format(i) .. table.concat(t, ",") end
      local ok = pcall(function() error({message = "caught"}) end)
      local co = coroutine.wrap(function(...) for i = 1, 3 do coroutine.yield({...}) end end)
      for i = 1, 3 do co(i, "x") end
      report(stat().pgscan, #t, assert(load("return 1 + 1"))())
      local x <close> = setmetatable({}, {__close = function() report("closed") end})
      """
    let record: LuaBody = { call throws(LuaError) in
      .values([.record(called: "stat", [("pgscan", .integer(5))])])
    }
    let (whole, _) = reporting()
    whole.setGlobal("stat", record)
    #expect(failure(whole, script) == nil)
    let all = whole.allocationCount
    #expect(all > 100)
    var refused = 0
    for n in 1...all {
      let (state, log) = reporting()
      state.setGlobal("stat", record)
      state.refuseAllocation(n)
      if let error = failure(state, script) {
        refused += 1
        #expect(
          error.text.hasSuffix("the script's memory budget of 512 MiB is spent"),
          "\(n): \(error.text)")
      } else {
        #expect(log().last == "\"closed\"", "\(n)")
      }
    }
    #expect(refused > Int(all) / 2)
  }
}
