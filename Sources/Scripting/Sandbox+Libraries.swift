// SPDX-License-Identifier: Apache-2.0
// The libraries of the sandbox: strings, tables, numbers, coroutines, simulated time, output.

extension Sandbox {
  static let libraries = #"""
    -- Strings: no dump; format prints no addresses.
    G.string = copy(string, "byte", "char", "find", "gmatch", "gsub", "len", "lower", "match",
      "pack", "packsize", "rep", "reverse", "sub", "unpack", "upper")
    local plain = { string = true, number = true, boolean = true, ["nil"] = true }
    local function are_plain(first, ...)
      if not plain[type(first)] then return false end
      return select("#", ...) == 0 or are_plain(...)
    end
    function G.string.format(template, ...)
      if type(template) == "string" and find(template, "p", 1, true)
        and find(gsub(template, "%%%%", ""), "%%[-+ #0]*%d*%.?%d*p")
      then
        fail("string.format: %p is not in the sandbox: addresses differ from run to run")
      end
      if are_plain(...) then return at_caller(pcall(format, template, ...)) end
      local values = pack(...)
      for i = 1, values.n do
        if not plain[type(values[i])] then values[i] = tell(values[i]) end
      end
      local ok, text = pcall(format, template, unpack(values, 1, values.n))
      if ok then return text end
      return at_caller(pcall(format, template, ...)) -- which names what was really given
    end
    local strings = metatable("")
    strings.__index = G.string
    strings.__metatable = false

    -- Tables: sort is stable and always compares in the same order.
    G.table = copy(table, "concat", "insert", "move", "pack", "remove", "unpack")
    local function ascending(a, b) return a < b end
    local function sort(t, less)
      local n, from, to, width = #t, {}, {}, 1
      if n > 1 then pay(n) end
      for i = 1, n do from[i] = t[i] end
      while width < n do
        for low = 1, n, 2 * width do
          local middle, high = low + width, low + 2 * width
          if middle > n + 1 then middle = n + 1 end
          if high > n + 1 then high = n + 1 end
          local i, j = low, middle
          for k = low, high - 1 do
            if i < middle and (j >= high or not less(from[j], from[i])) then
              to[k] = from[i]
              i = i + 1
            else
              to[k] = from[j]
              j = j + 1
            end
          end
        end
        from, to, width = to, from, 2 * width
      end
      for i = 1, n do t[i] = from[i] end
    end
    function G.table.sort(t, less)
      expect_kind(t, "table", "sort")
      if less ~= nil and type(less) ~= "function" then
        fail(format("bad argument #2 to 'sort' (function expected, got %s)", type(less)))
      end
      if less == nil then return at_caller(pcall(sort, t, ascending)) end
      sort(t, less) -- unprotected, so that a traceback begins where `less` failed
    end

    G.math = copy(math, "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod",
      "huge", "log", "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad", "sin", "sqrt",
      "tan", "tointeger", "type", "ult")
    G.math.random, G.math.randomseed = host_random, host_randomseed

    G.utf8 = copy(utf8, "char", "charpattern", "codepoint", "codes", "len", "offset")

    G.coroutine = copy(coroutine, "close", "isyieldable", "resume", "running", "status", "yield")
    local create, wrap = coroutine.create, coroutine.wrap
    function G.coroutine.create(f)
      expect_kind(f, "function", "create")
      return create(protect(f))
    end
    function G.coroutine.wrap(f)
      expect_kind(f, "function", "wrap")
      return wrap(protect(f))
    end

    -- Time is simulated time; it begins with the machine's boot, and dates are told in UTC.
    local date = os.date
    G.os = {
      clock = function() return now() / 1e9 end,
      time = function(t)
        if t ~= nil then
          fail("os.time: simulated time begins at boot; there is no calendar to convert from")
        end
        return now() // 1000000000
      end,
      date = function(template, at)
        template = template or "%c"
        if type(template) == "string" and sub(template, 1, 1) ~= "!" then
          template = "!" .. template
        end
        return at_caller(pcall(date, template, at or now() // 1000000000))
      end,
    }
    G.io = {
      write = function(...)
        for i = 1, select("#", ...) do
          local value = select(i, ...)
          local kind = type(value)
          if kind ~= "string" and kind ~= "number" then
            fail(format("bad argument #%d to 'write' (string expected, got %s)", i, kind))
          end
          write(tell(value))
        end
      end,
    }
    """#
}
