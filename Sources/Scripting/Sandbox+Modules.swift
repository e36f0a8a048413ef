// SPDX-License-Identifier: Apache-2.0
// require: the Lua text beside the scenario.
//
// Symbolic links are followed as they come: whoever lays one beside a scenario means it.

extension Sandbox {
  static let modules = #"""
    -- Files of Lua text beside the scenario. A name is words joined by dots: no way leads out.
    local loaded, loading = {}, {}
    local unmark = { __close = function() loading[#loading] = nil end }
    function G.require(name)
      expect_kind(name, "string", "require")
      if loaded[name] ~= nil then return loaded[name] end
      local file = gsub(name, "%.", "/") .. ".lua"
      for i = #loading, 1, -1 do
        if loading[i] == name then
          fail(format("require goes in a circle: %s, %s", concat(loading, ", ", i), name))
        end
      end
      if not find(name, "^[%w_-][%w_-]*$") and not find(name, "^[%w_-][%w_.-]*[%w_-]$")
        or find(name, "..", 1, true)
      then
        fail(format("require: '%s' names no file beside the scenario: a name is words joined by "
          .. "dots, such as 'lib.tools'", name))
      end
      local text = text_of(file)
      if not text then fail(format("require: there is no '%s' beside the scenario", file)) end
      local module, problem = load(text, "@" .. file, "t")
      if not module then error(problem, 0) end
      loading[#loading + 1] = name
      local mark <close> = set({}, unmark)
      local result = module(name, file)
      if loaded[name] == nil then loaded[name] = result == nil or result end
      return loaded[name], file
    end
    """#
}
