// SPDX-License-Identifier: Apache-2.0
// Budgets within Lua's C library, where no hook fires: each of these calls would run for minutes,
// or for ever.

import Lua
import Testing

private let budget = LuaBudget(instructions: 2_000_000, memory: 16 << 20)
private let ran = "it ran that long without giving the machine a turn"

private func ended(_ script: String, _ budget: LuaBudget = budget) -> (String, UInt64) {
  let (state, _) = reporting(budget)
  state.meterLibraries()
  let sandboxed = """
    local wrap = coroutine.wrap coroutine.wrap = function(f) return wrap(protect(f)) end \

    """
  let text = failure(state, sandboxed + script)?.text ?? "it ended"
  #expect(failure(state, "report(('x'):rep(3):gsub('x', 'y'))") == nil, "the next entry goes on")
  return (text, state.allocationCount)
}

@Suite struct LibraryBudgetTests {
  private static let liar = "setmetatable({}, { __len = function() return 1 << 50 end })"

  @Test(arguments: [
    (#"(""):rep(1 << 50)"#, "1125899906842624"),
    (#"("").rep("", 1 << 50, "")"#, "1125899906842624"),
    ("table.move({}, 1, 1 << 50, 2)", "1125899906842623"),
    ("table.move({}, 1, math.maxinteger, 1)", "9223372036854775806"),
    ("table.insert(\(liar), 1, 1)", "1125899906842624"),
    ("table.remove(\(liar), 1)", "1125899906842623"),
    ("table.concat(\(liar))", "1125899906842623"),
    ("table.concat({}, '', math.mininteger, math.maxinteger)", "more steps than there are numbers"),
  ])
  func whatIsTooMuchIsRefusedBeforehand(_ call: String, _ steps: String) {
    let wish = steps.contains(" ") ? steps : "\(steps) steps"
    let message =
      "test.lua:1: the script's budget of 2000000 instructions is spent: one call asks for \(wish)"
    #expect(ended("local x = \(call)").0 == message)
    let caught = "while true do pcall(function() local x = \(call) end) end"
    #expect(ended(caught).0 == message)
    #expect(
      ended("while true do pcall(coroutine.wrap(function() local x = \(call) end)) end").0
        .hasSuffix(message))
  }

  @Test(arguments: [
    #"("a"):rep(2000):find((".-"):rep(12) .. "b")"#,
    #"("a"):rep(2000):match((".-"):rep(12) .. "b")"#,
    #"for _ in ("a"):rep(2000):gmatch((".-"):rep(12) .. "b") do end"#,
    #"("a"):rep(2000):gsub((".-"):rep(12) .. "b", "")"#,
    #"while true do ("a"):rep(10000):find("b", 1, true) end"#,
    #"("("):rep(1 << 20):find(("%b()"):rep(9))"#,
    #"local s = ("["):rep(1 << 20); ("a"):rep(1 << 20):find("[" .. s .. "]")"#,
    #"while true do ("ab"):rep(1 << 19):find("^(.*)%1$") end"#,
    #"local s = ("a"):rep(1 << 20) while true do utf8.len(s) end"#,
    #"local s = ("a"):rep(1 << 20) while true do utf8.offset(s, 1 << 19) end"#,
    #"local f, s = utf8.codes(("\x80"):rep(1 << 20)) while true do pcall(f, s, 0) end"#,
    #"local s = (" "):rep(1 << 20) while true do tonumber(s) end"#,
    #"local s = (" "):rep(1 << 20) while true do string.packsize(s) end"#,
    #"local s = (" "):rep(1 << 20) while true do load(s) end"#,
    #"load(function() return " " end)"#,
    #"local s = ("a"):rep(1 << 20) while true do s:byte(1, 100000) end"#,
    #"local t = {} for i = 1, 100000 do t[i] = i end while true do table.unpack(t) end"#,
    #"local t = {} for i = 1, 10000 do t[i] = i end while true do table.insert(t, 1, i) end"#,
    #"local t = {} for i = 1, 10000 do t[i] = "" end while true do table.concat(t) end"#,
    #"local s = ("x"):rep(1 << 20) while true do local t = s .. "y" end"#,
    #"local s = ("x"):rep(1 << 20) while true do local t = s:upper() end"#,
    #"local s = ("x"):rep(1 << 20) while true do local t = ("%s"):format(s) end"#,
  ])
  func whatAddsUpEnds(_ script: String) {
    let text = ended(script).0
    #expect(text == "test.lua:1: the script's budget of 2000000 instructions is spent: \(ran)")
  }

  /// Each round would cost a few instructions if what it does in C had no price.
  @Test(arguments: [
    "for _ = 1, 80000 do pcall(error) end", "for _ = 1, 80000 do xpcall(error, print) end",
    #"for _ = 1, 5000 do local s = ("%99.99f"):format(1e300) end"#,
    #"for _ = 1, 20000 do load("") end"#, "for _ = 1, 90000 do os.date() end",
  ])
  func whatIsShortButDearCounts(_ script: String) {
    #expect(ended(script).0.hasSuffix("instructions is spent: \(ran)"))
  }

  @Test func shortCoroutinesCount() {
    let tree = """
      local function grow(depth)
        for _ = 1, 20 do coroutine.wrap(function() if depth > 0 then grow(depth - 1) end end)() end
      end
      grow(20)
      """
    let text = ended(tree).0
    #expect(text.hasSuffix(": the script's budget of 2000000 instructions is spent: \(ran)"))
  }

  @Test func memoryBombsWithinTheLibraryEnd() {
    let spent = "test.lua:1: the script's memory budget of 16 MiB is spent"
    for bomb in [
      #"("x"):rep(1 << 26)"#, #"("x"):rep(100, ("y"):rep(1 << 20))"#,
      #"local s = "x" while true do s = s .. s end"#,
      #"local s = "x" while true do s = s:gsub(".", "%0%0") end"#,
      #"local t = {} for i = 1, 1e3 do t[i] = ("x"):rep(1e5) end return table.concat(t)"#,
    ] {
      let text = ended(bomb, LuaBudget(instructions: 500_000_000, memory: 16 << 20)).0
      #expect(text == spent, "\(bomb): \(text)")
    }
  }

  @Test func hugeWidthsAreRefusedByLua() {
    #expect(ended("('%1000d'):format(1)").0.hasPrefix("test.lua:1: invalid conversion"))
  }

  @Test func insertAndRemoveDoWhatLuasDo() {
    let (state, log) = reporting()
    #expect(
      failure(
        state,
        """
        plain = { insert = table.insert, remove = table.remove }
        function all(library)
          local t, out = {}, {}
          local function try(...) out[#out + 1] = table.concat({ tostring(select("#", ...)),
            tostring((select(2, ...))), table.concat(t, "") }, ",") end
          local insert = function(...) try(pcall(library.insert, ...)) end
          local remove = function(...) try(pcall(library.remove, ...)) end
          remove(t) remove(t, 0) remove(t, #t + 1) insert(t, "a") insert(t, 1, "b")
          insert(t, 3, "c") insert(t, 5, "d") insert(t, 0, "d") insert(t) insert(t, 1, 2, 3)
          remove(t, 4) remove(t, 1) remove(t, 7) remove(t, -1) remove(t) insert(t, "x", 1)
          local proxy = setmetatable({}, { __index = t, __newindex = t,
            __len = function() return #t end })
          insert(proxy, 1, "p") insert(proxy, "q") remove(proxy, 1)
          -- Lua 5.4.4 says #1 of remove's second argument.
          return (table.concat(out, ";"):gsub("#%d to '[%w.?]+'", "to 'f'"))
        end
        """) == nil)
    #expect(failure(state, "before = all(plain)") == nil)
    state.meterLibraries()
    #expect(failure(state, "report(before == all(table), #before > 100)") == nil)
    #expect(log() == ["true", "true"])
  }
}
