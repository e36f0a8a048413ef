// SPDX-License-Identifier: Apache-2.0
// The matcher that counts its steps finds what Lua's own finds: random subjects and patterns, sound
// and malformed, through find, match, gmatch and gsub; results and error texts are equal.

import Lua
import Testing

@Suite struct PatternTests {
  @Test(arguments: 1...4) func randomPatternsMatchAsInLua(_ seed: Int) {
    let (state, log) = Self.both()
    let error = failure(
      state,
      "local seed, rounds = \(seed), 5000\n" + Self.compare + Self.random
        + """
        for _ = 1, rounds do
          local s, p, init = subject(), pattern(), draw(3) == 1 and draw(20) - 10 or nil
          compare("find", s, p, init)
          compare("find", s, p, init, true)
          compare("match", s, p, init)
          compare("gmatch", s, p, init)
          compare("gsub", s, p, one(replacements), draw(4) == 1 and draw(5) - 2 or nil)
        end
        report(failed > rounds // 2, failed < 3 * rounds)
        """)
    #expect(error == nil, "\(error?.text.debugDescription ?? "")")
    #expect(log() == ["true", "true"])
  }

  @Test func depthAndNumbersOfCapturesAreBoundedAsInLua() {
    let (state, log) = Self.both()
    let error = failure(
      state,
      Self.compare
        + #"""
        for _, n in ipairs { 10, 31, 32, 33, 198, 199, 200, 201, 400 } do
          for _, item in ipairs { "a?", "a-", "a*", "(a)", "()", "(a", "%f[a]a" } do
            compare("find", ("a"):rep(n), item:rep(n))
            compare("gsub", ("a"):rep(n), item:rep(n), "%9%1")
          end
        end
        compare("find", "a", "a", -10) compare("find", "a", "a", math.maxinteger)
        compare("find", "", "", 2) compare("match", "abc", "()", 4) compare("find", 12, 2)
        compare("find", {}, "a") compare("find", "a") compare("gmatch", "a", nil)
        compare("gsub", "abc", "b") compare("gsub", "abc", "b", "x", "y")
        compare("gmatch", "abc", "%a", -1) compare("gmatch", "abc", "^%a")
        compare("gmatch", "abc", "", 9) compare("gsub", "hello world", "o*", "-")
        report(failed > 20)
        """#)
    #expect(error == nil, "\(error?.text.debugDescription ?? "")")
    #expect(log() == ["true"])
  }

  /// A state whose `string` counts its steps and whose `plain` is Lua's own.
  private static func both() -> (LuaState, () -> [String]) {
    let (state, log) = reporting()
    let kept = failure(state, "plain = {} for name, f in pairs(string) do plain[name] = f end")
    #expect(kept == nil)
    state.meterLibraries()
    return (state, log)
  }

  private static let compare = #"""
    failed = 0

    local function tell(...)
      local t = table.pack(...)
      for i = 1, t.n do
        t[i] = math.type(t[i]) == "integer" and "#" .. t[i] or tostring(t[i])
      end
      return table.concat(t, "|")
    end

    local function call(library, name, ...)
      if name ~= "gmatch" then return library[name](...) end
      local found = {}
      for a, b, c in library.gmatch(...) do
        found[#found + 1] = tell(a, b, c)
        if #found > 50 then break end
      end
      return table.concat(found, "/")
    end

    function compare(name, ...)
      local ours, luas = tell(pcall(call, string, name, ...)), tell(pcall(call, plain, name, ...))
      if luas:find("false|", 1, true) == 1 then failed = failed + 1 end
      if ours ~= luas then
        error(("%s(%s)\nLua's: %s\nours:  %s"):format(name, tell(...), luas, ours))
      end
    end

    """#

  private static let random = #"""
    local x = seed * 2654435761 + 12345
    local function draw(n)
      x = x ~ (x << 13)
      x = x ~ (x >> 7)
      x = x ~ (x << 17)
      return (x >> 11) % n + 1
    end
    local function one(list) return list[draw(#list)] end

    local letters = { "a", "b", "ab", "(", ")", "%", "-", "]", "[", "^", "$", "\0", " ", "1", "é",
      ".", "A", "_", "x" }
    local items = { "a", "b", ".", "%a", "%D", "%s", "%w", "%x", "%p", "%c", "%g", "%u", "%l", "%S",
      "[ab]", "[^ab]", "[a-c]", "[%a_]", "[]]", "[^]]", "[a-]", "[%]]", "[", "]", "[a", "[^", "[%",
      "%", "(", ")", "()", "(a)", "(.-)", "(%w*)", "((a)b)", "%1", "%2", "%0", "%9", "%b()", "%bab",
      "%baa", "%b", "%b(", "%f[%w]", "%f[^%w]", "%f[\0]", "%f", "%fa", "^", "$", "\0", "%.", "%%",
      "1", " ", "-", "*", "+", "?", "é", "[\128-\255]", "[%a-z]", "x" }
    local suffixes = { "", "", "", "*", "+", "-", "?" }
    local replacements = { "", "x", "%0", "%1", "%2%1", "%%", "%", "%q", "<%0>", 7, 1.5,
      { a = "A", b = true, ab = false, [1] = 2 }, { a = {} }, true,
      function(...) return select("#", ...) end, function(a, b) return b end,
      function(a) return a ~= "a" and a end }

    local function subject()
      local t = {}
      for i = 1, draw(14) - 1 do t[i] = one(letters) end
      return table.concat(t)
    end
    local function pattern()
      local t = {}
      if draw(6) == 1 then t[1] = "^" end
      for _ = 1, draw(6) - 1 do t[#t + 1] = one(items) .. one(suffixes) end
      if draw(6) == 1 then t[#t + 1] = "$" end
      return table.concat(t)
    end

    """#
}
