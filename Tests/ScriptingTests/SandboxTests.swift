// SPDX-License-Identifier: Apache-2.0
// What the sandbox keeps in order and what it keeps out.

import Lua
import Testing

@Suite struct SandboxTests {
  private func printed(_ script: String) -> String {
    let s = Scenario(script)
    return s.report.failure.map { "failed: \($0.text)" } ?? s.printed
  }

  @Test func pairsWalksInAnOrderThatDoesNotDependOnAddresses() {
    #expect(
      printed(
        """
        local t = { b = 1, a = 2, [3] = 3, [-1] = 4, [2.5] = 5, [true] = 6, [false] = 7,
          [math.huge] = 8, B = 9 }
        for k, v in pairs(t) do io.write(tostring(k), "=", v, " ") end
        """) == "-1=4 2.5=5 3=3 inf=8 B=9 a=2 b=1 false=7 true=6 ")
  }

  @Test func pairsMayRemoveAndNextAgrees() {
    #expect(
      printed(
        """
        local t = { a = 1, b = 2, c = 3 }
        for k in pairs(t) do io.write(k, " ") t.b = nil end
        local k, v = next(t) while k do io.write(k, v, " ") k, v = next(t, k) end
        print(next({}))
        """) == "a c a1 c3 nil\n")
  }

  @Test func objectsAsKeysComeInOrderOfCreation() {
    #expect(
      printed(
        """
        local m = machine { like = "toy.json" }
        local t = {}
        for i = 1, 9 do t[m:cgroup { name = "c" .. i }] = i end
        for cg, i in pairs(t) do io.write(cg.path, i, " ") end
        """) == "c11 c22 c33 c44 c55 c66 c77 c88 c99 ")
  }

  @Test func aTableWithTablesAsKeysCannotBeWalked() {
    #expect(
      Scenario("for _ in pairs { [{}] = 1 } do end").failure
        == """
        s.lua:1: this table cannot be walked: a table is one of its keys, and such keys have \
        no order that is the same in every run
        """
    )
  }

  @Test func tostringHasNoAddresses() {
    #expect(
      printed(
        """
        local function f() end
        print({}, f, print, coroutine.create(f), setmetatable({}, { __name = "point" }),
          machine { like = "toy.json" })
        local own = setmetatable({}, { __tostring = function() return "own" end })
        print(("%s %5.1f %q"):format(own, 2.25, "q"))
        """
      ).hasSuffix(
        "table\tfunction: s.lua:1\tfunction: builtin\tthread\tpoint\tmachine\nown   2.2 \"q\"\n"))
    #expect(
      Scenario("local s = ('%p'):format({})").failure
        == "s.lua:1: string.format: %p is not in the sandbox: addresses differ from run to run")
  }

  @Test func errorsOfWrappedFunctionsPointAtTheScript() {
    #expect(
      Scenario("\nlocal s = string.format('%d', 'x')").failure
        == "s.lua:2: bad argument #2 to 'string.format' (number expected, got string)")
    #expect(
      Scenario("\ntable.sort { 1, 'x' }").failure
        == "s.lua:2: attempt to compare string with number")
    #expect(
      Scenario("for k in pairs(nil) do end").failure
        == "s.lua:1: bad argument #1 to 'pairs' (table expected, got nil)")
  }

  @Test func sortIsStable() {
    #expect(
      printed(
        """
        local t = {}
        for i = 1, 300 do t[i] = { key = i % 3, at = i } end
        table.sort(t, function(a, b) return a.key < b.key end)
        local ok = true
        for i = 2, 300 do
          local a, b = t[i - 1], t[i]
          ok = ok and (a.key < b.key or a.key == b.key and a.at < b.at)
        end
        local words = { "b", "c", "a" } table.sort(words)
        print(ok, #t, table.concat(words), pcall(table.sort, {}, 3))
        """)
          == """
          true\t300\tabc\tfalse\ts.lua:10: bad argument #2 to 'sort' (function expected, got number)

          """
    )
  }

  @Test func randomNumbersAreThoseOfTheSeed() {
    let draw =
      """
      for _ = 1, 4 do io.write(math.random(1000), ' ') end \
      print(math.random() < 1, math.random(3, 3))
      """
    let first = Scenario(draw, seed: 1).printed
    #expect(first == Scenario(draw, seed: 1).printed)
    #expect(first != Scenario(draw, seed: 2).printed)
    #expect(first.hasSuffix("true\t3\n"))
    #expect(
      printed(
        """
        math.randomseed(5) local a = math.random(0) math.randomseed(5) \
        print(a == math.random(0)) local seen = {} for _ = 1, 200 do seen[math.random(-1, 1)] \
        = true end for k in pairs(seen) do io.write(k, ' ') end
        """
      )
        == "true\n-1 0 1 ")
    #expect(
      Scenario("math.random(2, 1)").failure
        == "s.lua:1: bad argument #2 to 'math.random': the interval is empty")
    #expect(Scenario("math.random(math.mininteger, math.maxinteger)").report.passed)
  }

  @Test func timeIsSimulatedTime() {
    #expect(
      printed(
        """
        local m = machine { like = "toy.json" } m:run "90500 ms"
        print(os.time(), os.clock(), os.date(), os.date("*t").min)
        """) == "90\t90.5\tThu Jan  1 00:01:30 1970\t1\n")
  }

  @Test(arguments: [
    (
      "collectgarbage()",
      "collectgarbage is not in the sandbox: when memory is collected must not be seen"
    ),
    ("dofile 'x'", "dofile is not in the sandbox: a scenario opens no files of the host"),
    ("debug.getregistry()", "debug is not in the sandbox: a scenario does not reach the host"),
    ("os.execute 'ls'", "os.execute is not in the sandbox: a scenario does not reach the host"),
    ("io.open 'x'", "io.open is not in the sandbox: a scenario opens no files of the host"),
    (
      "string.dump(print)", "string.dump is not in the sandbox: bytecode is neither made nor loaded"
    ),
    (
      "setmetatable({}, { __gc = print })",
      """
      setmetatable: __gc is not in the sandbox: when memory is collected must not be seen; \
      use __close
      """
    ),
    (
      "setmetatable({}, { __mode = 'k' })",
      """
      setmetatable: __mode is not in the sandbox: when memory is collected must not be seen; \
      remove what is no longer wanted
      """
    ),
    ("getmetatable(machine { like = 'toy.json' }).x = 1", "attempt to index a boolean value"),
    (
      "local s = ('%5p'):format(1)",
      "string.format: %p is not in the sandbox: addresses differ from run to run"
    ),
    (
      "math.randomseed()",
      "math.randomseed: expected a seed; a random one would make every run another"
    ),
    ("getmetatable('').__index = 1", "attempt to index a boolean value"),
    ("setmetatable('', {})", "bad argument #1 to 'setmetatable' (table expected, got string)"),
    ("setmetatable(_G, {})", "cannot change a protected metatable"),
  ])
  func whatIsKeptOutSaysWhy(_ script: String, _ message: String) {
    #expect(Scenario(script).failure == "s.lua:1: " + message)
  }

  @Test(arguments: [
    "for i = 1, 1e9 do for _ in pairs(t) do end end", "while true do next(t) end",
    "while true do pcall(next, t) end", "table.sort(liar)", "table.sort(liar, function() end)",
    "while true do pcall(table.sort, liar) end", "load(function() return ' ' end)",
    "local s = (' '):rep(1 << 16) load(function() return s end)",
    "while true do coroutine.wrap(function() for _ = 1, 900 do end end)() end",
    "while true do pcall(setmetatable, {}, { __gc = print }) end",
    "while true do xpcall(error, function() while true do end end) end",
    "print(setmetatable({}, { __tostring = function() while true do end end }))",
    "for s in ('a'):rep(2000):gmatch(('.-'):rep(12) .. 'b') do end",
    "local x <close> = setmetatable({}, { __close = function() while true do end end }) t()",
  ])
  func budgetsHoldInTheSandbox(_ script: String) {
    let failure = Scenario(
      """
      local liar = setmetatable({}, { __len = function() return 1 << 50 end })
      local t = {} for i = 1, 1000 do t["key " .. i] = i end
      \(script)
      """, budget: LuaBudget(instructions: 1_000_000, memory: 16 << 20)
    ).failure
    #expect(failure.hasPrefix("s.lua:"), "\(failure)")
    let isTold = failure.contains(": the script's budget of 1000000 instructions is spent: ")
    #expect(isTold, "\(failure)")
  }

  @Test func aFinalizerSetLaterIsNeverCalled() {
    #expect(
      printed(
        """
        local meta = {}
        for i = 1, 1000 do setmetatable({}, meta) end
        meta.__gc = function() print "collected" end
        for i = 1, 1e5 do local t = { i } end
        print(pcall(setmetatable, {}, meta))
        """
      ).hasPrefix("false\ts.lua:5: setmetatable: __gc is not in the sandbox"))
  }

  @Test func loadTakesTextInTheSameSandbox() {
    #expect(
      printed(
        """
        x = 3
        print(load("return x")(), load("return x", "c", "t", { x = 4 })(),
          load("return x", "c", "t", {})())
        print(load("return debug")) print(pcall(load("return debug", "=c")))
        print(load("\\27Lua")) print(load("x", "c", "b"))
        """)
          == """
          3\t4\tnil
          function: [string "return debug"]:0
          false\tc:1: debug is not in the sandbox: a scenario does not reach the host
          nil\tattempt to load a binary chunk (mode is 't')
          nil\tload: only text is loaded (mode "t")

          """)
  }
}
