// SPDX-License-Identifier: Apache-2.0
// Functions that the scenario hands to m:every, m:at and m:call, made into a task's body.
//
// They are Lua, so that what they call may wait like any task's own code.

import Lua

enum TaskWrappers {
  static let every = "reclaimlua.every", at = "reclaimlua.at", call = "reclaimlua.call"

  static func define(in state: LuaState) {
    state.defineWrapper(
      every,
      """
      return function(look, interval)
        return function(t)
          local due = t:now()
          while true do
            due = due + interval
            if due > t:now() then t:sleep(due - t:now()) end
            look(t)
          end
        end
      end
      """)
    state.defineWrapper(
      at,
      """
      return function(look, delay)
        return function(t)
          if delay > 0 then t:sleep(delay) end
          look(t)
        end
      end
      """)
    state.defineWrapper(
      call,
      """
      local function keep(box, ...)
        box.n = select("#", ...)
        for i = 1, box.n do box[i] = (select(i, ...)) end
      end
      return function(body, box)
        return function(t) keep(box, body(t)) end
      end
      """)
  }
}
