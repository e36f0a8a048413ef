// SPDX-License-Identifier: Apache-2.0
// The base library of the sandbox: what has an order or an address is replaced by what has none.

extension Sandbox {
  static let base = #"""
    -- Base: no dofile, loadfile, collectgarbage, warn; load takes text only.
    local G = copy(_G, "assert", "error", "getmetatable", "ipairs", "pcall", "rawequal", "rawget",
      "rawlen", "rawset", "select", "tonumber", "type", "_VERSION")
    G._G = G
    function G.tostring(...)
      if select("#", ...) == 0 then fail("bad argument #1 to 'tostring' (value expected)") end
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
      if type(meta) == "table" then
        if rawget(meta, "__gc") ~= nil then
          fail("setmetatable: __gc is not in the sandbox: when memory is collected must not be "
            .. "seen; use __close")
        end
        if rawget(meta, "__mode") ~= nil then
          fail("setmetatable: __mode is not in the sandbox: when memory is collected must not be "
            .. "seen; remove what is no longer wanted")
        end
      end
      return at_caller(pcall(set, t, meta, ...))
    end
    function G.load(chunk, name, mode, ...)
      if mode ~= nil and not find(mode, "t") then
        return nil, 'load: only text is loaded (mode "t")'
      end
      if type(chunk) == "function" then -- looking at a piece takes time, at the same one again too
        local reader = chunk
        chunk = function()
          local piece = reader()
          if type(piece) == "string" then pay(#piece) end
          return piece
        end
      end
      if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
      return load(chunk, name, "t")
    end
    function G.xpcall(f, handler, ...)
      if type(handler) ~= "function" then
        fail(format("bad argument #2 to 'xpcall' (function expected, got %s)", type(handler)))
      end
      return xpcall(f, guard(handler), ...)
    end
    """#
}
