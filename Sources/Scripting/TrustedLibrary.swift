// SPDX-License-Identifier: Apache-2.0
// The other way to run a scenario: Lua's whole standard library, for whoever trusts the script.
//
// It may open files, run programs, read the host's clock and walk tables in Lua's own order, so a
// run carries no promise of determinism. The budgets still hold in Lua's own instructions and
// memory, not within the library, and debug.sethook can lift them.

import Lua

enum TrustedLibrary {
  /// Opens all of Lua; print goes to the run's output, and require also finds what lies beside the
  /// scenario.
  static func install(in state: LuaState, _ host: SandboxHost) {
    state.openWholeLibrary()
    Sandbox.installOutput(in: state, host)
    state.replaceGlobals(byRunning: prelude)
  }

  private static let prelude = #"""
    local write, text_of = host_write, host_text
    host_write, host_text = nil, nil

    function print(...)
      local line = table.pack(...)
      for i = 1, line.n do line[i] = tostring(line[i]) end
      write(table.concat(line, "\t"), "\n")
    end

    table.insert(package.searchers, 2, function(name)
      local file = name:gsub("%.", "/") .. ".lua"
      local text = not name:find("[/\\]") and text_of(file)
      if not text then return ("no file '%s' beside the scenario"):format(file) end
      return assert(load(text, "@" .. file, "t")), file
    end)
    return _G
    """#
}
