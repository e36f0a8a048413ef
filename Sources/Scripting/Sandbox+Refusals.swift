// SPDX-License-Identifier: Apache-2.0
// What the sandbox keeps out says why, by name, instead of being nil.

extension Sandbox {
  static let refusals = #"""
    -- What is kept out says why.
    local function refuse(t, prefix, names)
      set(t, {
        __index = function(_, name)
          local why = names[name]
          if why then fail(format("%s%s is not in the sandbox: %s", prefix, name, why)) end
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
    """#
}
