#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- A proactive reclaimer. How much memory does a program need? memory.current says what it holds,
-- much of which it may never touch again. A reclaimer in the manner of senpai finds out: once a
-- second it looks how long the program waited for memory (memory.pressure), and as long as that is
-- below a target it asks the kernel for a little of it back (memory.reclaim), the less the closer
-- the pressure is to the target. Cold pages go to zram; when pages are missed, it lets go.
--
-- The program starts with 64 MiB of heap and 32 MiB of files, and then needs a fraction of it.

local target = 1000  -- microseconds of waiting in a second
local share = 0.05   -- of what it holds, at most, asked for at a time

local function run(is_watched)
  local m = machine {
    kernel = "6.1",  -- memory.reclaim came with 5.19
    memory = "256 MiB", files = { data = "32 MiB" }, swap = { size = "256 MiB", on = "zram" },
  }
  local cg = m:cgroup { name = "app" }
  local result = {}
  local app = m:spawn("app", { cgroup = cg }, function(t)
    local heap, data = t:map "64 MiB", t:open "data"
    heap:touch { write = true }
    data:read()
    for _ = 1, 300 do
      heap:touch { pattern = "hot", hot = "16 MiB", pct = 99, count = 6000 }
      data:read { pattern = "rand", n = "4 MiB", count = 500 }
      t:sleep "80 ms"
    end
    result.holds = cg:current()
    result.waited = cg:pressure().some.total
  end)
  local function senpai(t)
    local before = 0
    print(("\n%8s %12s %12s %14s"):format("second", "holds MiB", "waited us", "asks for MiB"))
    for second = 1, math.maxinteger do
      t:sleep "1 s"
      if app.state ~= "running" then break end
      local total = cg:pressure().some.total
      local waited = total - before
      before = total
      local ask = math.max(0, math.floor(cg:current() * share * (1 - waited / target)))
      if second % 2 == 1 then
        print(("%8d %12.1f %12d %14.1f"):format(second, cg:current() / size "1 MiB", waited,
          ask / size "1 MiB"))
      end
      if ask >= 4096 then t:reclaim(cg, ask) end
    end
  end
  if is_watched then m:spawn("senpai", senpai) end
  m:run()
  result.took, result.refaults = app.time.running, cg:stat().workingset_refault_anon
  return result
end

local alone, watched = run(false), run(true)
print(("\nwithout it: %.1f MiB; with it: %.1f MiB, %d pages missed, %.1f ms waited\n"):format(
  alone.holds / size "1 MiB", watched.holds / size "1 MiB", watched.refaults,
  watched.waited / 1000))

expect("left alone, the program holds whatever it once touched", alone.holds > size "90 MiB")
expect("watched, less than two thirds of it", watched.holds < alone.holds * 2 // 3)
expect("and not less than what it uses all the time", watched.holds > size "20 MiB")
expect("pressure stays near the target", watched.waited < 2 * 25 * target)
expect("it cost the program less than a tenth of its time", watched.took < alone.took * 11 // 10)
