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
          error(format("require: '%s' is still being loaded: %s requires it again", name,
            concat(loading, ", which requires ", i)), 2)
        end
      end
      if not find(name, "^[%w_-][%w_-]*$") and not find(name, "^[%w_-][%w_.-]*[%w_-]$")
        or find(name, "..", 1, true)
      then
        error(format("require: '%s' names no file beside the scenario: a name is words joined by "
          .. "dots, such as 'lib.tools'", name), 2)
      end
      local text = text_of(file)
      if not text then error(format("require: there is no '%s' beside the scenario", file), 2) end
      local chunk, problem = load(text, "@" .. file, "t")
      if not chunk then error(problem, 0) end
      loading[#loading + 1] = name
      local mark <close> = set({}, unmark)
      local result = chunk(name, file)
      if loaded[name] == nil then loaded[name] = result == nil or result end
      return loaded[name], file
    end
    """#
}
