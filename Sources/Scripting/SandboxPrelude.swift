// SPDX-License-Identifier: Apache-2.0
// The sandbox's own Lua: takes what is allowed out of Lua's libraries and answers the table of a
// scenario's globals.
//
// It is one chunk, whose parts lie in files of their own and see the helpers below. It runs once,
// with Lua's libraries and the host's functions as globals. Errors of what it wraps are raised at
// the line of the scenario that called.

extension Sandbox {
  static let prelude = [helpers, base, modules, libraries, refusals, "return G"]
    .joined(separator: "\n")

  static let helpers = #"""
    local type, error, pcall, rawget, select = type, error, pcall, rawget, select
    local tostring, load, xpcall, set = tostring, load, xpcall, setmetatable
    local metatable, info = debug.getmetatable, debug.getinfo
    local format, gsub, find, sub = string.format, string.gsub, string.find, string.sub
    local pack, unpack, concat = table.pack, table.unpack, table.concat
    local keys, successor, text_of = host_keys, host_successor, host_text
    local now, write = host_now, host_write
    local protect, guard, pay, fail = protect, guard, pay, fail

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
      fail(bare)
    end

    local function expect_kind(value, kind, name)
      if type(value) ~= kind then
        fail(format("bad argument #1 to '%s' (%s expected, got %s)", name, kind, type(value)))
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
        if type(text) ~= "string" then fail("'__tostring' must return a string") end
        return text
      end
      local name = meta and rawget(meta, "__name")
      if type(name) == "string" then return name end
      if kind ~= "function" then return kind end
      local where = info(value, "S")
      if where.what == "C" or where.source == "@[sandbox]" then return "function: builtin" end
      return "function: " .. where.short_src .. ":" .. where.linedefined
    end
    """#
}
