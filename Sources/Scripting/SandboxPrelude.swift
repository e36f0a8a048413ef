// SPDX-License-Identifier: Apache-2.0
// The sandbox's own Lua: takes what is allowed out of Lua's libraries and answers the table of a
// scenario's globals.
//
// It runs once, with Lua's libraries and the host's functions as globals. Errors of what it wraps
// are raised at the line of the scenario that called.

extension Sandbox {
  static let prelude = #"""
    local type, error, pcall, rawget, select = type, error, pcall, rawget, select
    local tostring, load, xpcall, set = tostring, load, xpcall, setmetatable
    local metatable, info = debug.getmetatable, debug.getinfo
    local format, gsub, find, sub = string.format, string.gsub, string.find, string.sub
    local pack, unpack = table.pack, table.unpack
    local keys, successor, text_of = host_keys, host_successor, host_text
    local now, write = host_now, host_write
    local protect, guard = protect, guard

    local function copy(from, ...)
      local to = {}
      for _, name in ipairs { ... } do to[name] = from[name] end
      return to
    end

    -- Hands on the results of a pcall; its error is moved from this file to the caller's line.
    local function at_caller(ok, ...)
      if ok then return ... end
      local message = ...
      if type(message) ~= "string" then error(message, 0) end
      local bare, ours = gsub(message, "^%[sandbox%]:%d+: ", "")
      if ours == 0 and find(message, "^[^\n]-:%d+: ") then error(message, 0) end
      error(bare, 2)
    end

    local function expect_kind(value, kind, name)
      if type(value) ~= kind then
        error(format("bad argument #1 to '%s' (%s expected, got %s)", name, kind, type(value)), 3)
      end
    end

    local function tell(value)
      local kind = type(value)
      if kind == "string" then return value end
      if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value) end
      local meta = metatable(value)
      local custom = meta and rawget(meta, "__tostring")
      if custom ~= nil then
        local text = custom(value)
        if type(text) ~= "string" then error("'__tostring' must return a string", 2) end
        return text
      end
      local name = meta and rawget(meta, "__name")
      if type(name) == "string" then return name end
      if kind ~= "function" then return kind end
      local where = info(value, "S")
      if where.what == "C" or where.source == "@[sandbox]" then return "function: builtin" end
      return "function: " .. where.short_src .. ":" .. where.linedefined
    end

    -- Base: no dofile, loadfile, collectgarbage, warn; load takes text only.
    local G = copy(_G, "assert", "error", "getmetatable", "ipairs", "pcall", "rawequal", "rawget",
      "rawlen", "rawset", "select", "tonumber", "type", "_VERSION")
    G._G = G
    function G.tostring(...)
      if select("#", ...) == 0 then error("bad argument #1 to 'tostring' (value expected)", 2) end
      return tell((...))
    end
    function G.print(...)
      local line = pack(...)
      for i = 1, line.n do line[i] = tell(line[i]) end
      write(table.concat(line, "\t", 1, line.n), "\n")
    end
    function G.pairs(t)
      local meta = metatable(t)
      local custom = meta and rawget(meta, "__pairs")
      if custom ~= nil then
        local step, state, first = custom(t)
        return step, state, first
      end
      expect_kind(t, "table", "pairs")
      local order, i = keys(t), 0
      return function()
        local key, value
        repeat
          i = i + 1
          key = order[i]
          if key == nil then return nil end
          value = rawget(t, key)
        until value ~= nil
        return key, value
      end, t, nil
    end
    function G.next(t, key)
      expect_kind(t, "table", "next")
      local following = successor(t, key)
      if following == nil then return nil end
      return following, rawget(t, following)
    end
    function G.setmetatable(t, meta, ...)
      if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
        error("setmetatable: __gc is not in the sandbox: when memory is collected must not be "
          .. "seen; use __close", 2)
      end
      return at_caller(pcall(set, t, meta, ...))
    end
    function G.load(chunk, name, mode, ...)
      if mode ~= nil and not find(mode, "t") then
        return nil, 'load: only text is loaded (mode "t")'
      end
      if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
      return load(chunk, name, "t")
    end
    function G.xpcall(f, handler, ...)
      if type(handler) ~= "function" then
        error(format("bad argument #2 to 'xpcall' (function expected, got %s)", type(handler)), 2)
      end
      return xpcall(f, guard(handler), ...)
    end

    -- Files of Lua text beside the scenario.
    local loaded = {}
    function G.require(name)
      expect_kind(name, "string", "require")
      if loaded[name] ~= nil then return loaded[name] end
      local file = gsub(name, "%.", "/") .. ".lua"
      local text = find(name, "^[%w_][%w_.]*$") and text_of(file)
      if not text then error(format("require: there is no '%s' beside the scenario", file), 2) end
      local chunk, problem = load(text, "@" .. file, "t")
      if not chunk then error(problem, 0) end
      local result = chunk(name, file)
      if result == nil then result = true end
      loaded[name] = result
      return result
    end

    -- Strings: no dump; format prints no addresses.
    G.string = copy(string, "byte", "char", "find", "gmatch", "gsub", "len", "lower", "match",
      "pack", "packsize", "rep", "reverse", "sub", "unpack", "upper")
    function G.string.format(template, ...)
      local values = pack(...)
      for i = 1, values.n do
        local kind = type(values[i])
        if kind ~= "string" and kind ~= "number" and kind ~= "boolean" and kind ~= "nil" then
          values[i] = tell(values[i])
        end
      end
      local bare = type(template) == "string" and gsub(template, "%%%%", "")
      if bare and find(bare, "%%[-+ #0]*%d*%.?%d*p") then
        error("string.format: %p is not in the sandbox: addresses differ from run to run", 2)
      end
      return at_caller(pcall(format, template, unpack(values, 1, values.n)))
    end
    local strings = metatable("")
    strings.__index = G.string
    strings.__metatable = false

    -- Tables: sort is stable and always compares in the same order.
    G.table = copy(table, "concat", "insert", "move", "pack", "remove", "unpack")
    local function ascending(a, b) return a < b end
    local function sort(t, less)
      local n, from, to, width = #t, {}, {}, 1
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
        error(format("bad argument #2 to 'sort' (function expected, got %s)", type(less)), 2)
      end
      return at_caller(pcall(sort, t, less or ascending))
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
          error("os.time: simulated time begins at boot; there is no calendar to convert from", 2)
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
            error(format("bad argument #%d to 'write' (string expected, got %s)", i, kind), 2)
          end
          write(tell(value))
        end
      end,
    }

    -- What is kept out says why.
    local function refuse(t, prefix, names)
      set(t, {
        __index = function(_, name)
          local why = names[name]
          if why then error(format("%s%s is not in the sandbox: %s", prefix, name, why), 2) end
        end,
        __metatable = false,
      })
    end
    local files = "a scenario opens no files of the host"
    local host = "a scenario does not reach the host"
    refuse(G, "", {
      collectgarbage = "when memory is collected must not be seen", debug = host, package = host,
      dofile = files, loadfile = files, warn = "use print",
    })
    refuse(G.string, "string.", { dump = "bytecode is neither made nor loaded" })
    refuse(G.os, "os.", {
      execute = host, exit = "let the chunk end, or raise an error", getenv = host, remove = files,
      rename = files, setlocale = host, tmpname = files, difftime = "subtract the times",
    })
    refuse(G.io, "io.", {
      open = files, lines = files, read = host, popen = host, stdout = "use io.write",
      stderr = "use error", stdin = host, tmpfile = files, close = files, input = files,
      output = files, type = files,
    })
    return G
    """#
}
