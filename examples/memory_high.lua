#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- memory.high is a soft wall. A charge above it succeeds; but before the task goes on it has to
-- reclaim as much as it took, and where that does not bring the cgroup back, it sleeps: longer with
-- the square of the overage, up to two seconds for 64 pages. Nobody is ever killed by it.
--
-- The same program, 40 MiB of memory that it writes once, meets three walls: memory.max,
-- memory.high with swap, and memory.high without anything that could be reclaimed.

local function run(title, files, swap)
  local m = machine { like = "machines/6.1-384m.json", swap = swap }
  local cg = m:cgroup { name = "a", memory = files }
  local took
  m:spawn("program", { cgroup = cg }, function(t)
    local began = t:now()
    t:map("40 MiB"):touch { write = true }
    took = t:now() - began
  end)
  -- Kept until the cgroup has been looked at, or gone with the task that was killed.
  local most = 0
  for _ = 1, 4000 do
    m:run("10 ms")
    most = math.max(most, cg:current())
    if took or cg:events().oom_kill > 0 then break end
  end
  local events = cg:events()
  print(("%-26s at most %5.1f MiB, %5d high, %5d max, %d killed, %s"):format(title,
    most / size "1 MiB", events.high, events.max, events.oom_kill,
    took and ("%.2f s"):format(took / span "1 s") or "never done"))
  return { most = most, took = took, events = events }
end

local wall = run("max 32 MiB, no swap", { max = "32 MiB" })
local held = run("high 32 MiB, swap", { high = "32 MiB" }, { size = "256 MiB" })
local slow = run("high 32 MiB, no swap", { high = "32 MiB" })

expect("memory.max kills who has nothing to give back", wall.events.oom_kill == 1)
expect("memory.high holds usage where it is", held.most < size "33 MiB")
expect("it is reached again and again, and max never", held.events.high >= 20
  and held.events.max == 0)
expect("without swap nobody dies either", slow.events.oom_kill == 0)
expect("but whoever goes on pays in seconds", not slow.took or slow.took > span "20 s")
