#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- A killer that goes by pressure. A batch job outgrows its memory.high, and there is swap: so it
-- never runs out of memory, and the kernel's OOM killer has no reason to come. It merely crawls,
-- reading back what it wrote out a moment ago, and keeps disk and CPU busy.
--
-- A daemon in the manner of oomd sleeps on a trigger on memory.pressure: 150 ms in which all tasks
-- of the cgroup stood still, within a second. One such event may be bad luck. At the third it
-- ends the job: without swap and with a limit of nothing the kernel has to kill, and
-- memory.oom.group makes it kill the whole cgroup, its helper included.

local m = machine { memory = "256 MiB", swap = { size = "256 MiB", on = "null" } }
local web = m:cgroup { name = "web", memory = { low = "32 MiB" } }
local batch = m:cgroup { name = "batch", memory = { high = "48 MiB", oom_group = true } }

local service = m:spawn("service", { cgroup = web }, function(t)
  local heap = t:map "24 MiB"
  for _ = 1, 200 do
    heap:touch()
    t:sleep "20 ms"
  end
end)
local job = m:spawn("job", { cgroup = batch }, function(t)
  local heap = t:map "96 MiB"
  while true do heap:touch { write = true } end
end)
local helper = m:spawn("helper", { cgroup = batch }, function(t)
  t:map("1 MiB"):touch()
  t:sleep "60 s"
end)

local killed_at, removed
m:spawn("oomd", function(t)
  local trigger = batch:trigger { on = "full", stall = "150 ms", window = "1 s" }
  for event = 1, 3 do
    t:wait(trigger)
    print(("%5.2f s: event %d, stood still for %.0f ms so far, %.1f MiB in memory, %.1f in swap")
      :format(t:now() / span "1 s", event, batch:pressure().full.total / 1000,
        batch:current() / size "1 MiB", batch:swap_current() / size "1 MiB"))
  end
  t:set(batch, { swap_max = 0 })
  t:set(batch, { max = 0 })
  killed_at = t:now()
  t:sleep "100 ms"
  removed = t:remove(batch)
end)
m:run()

print("\nWhat the kernel logged about it:")
for _, line in ipairs(m:kernel_log()) do
  if line.text:find "oom_memcg" or line.text:find "[Kk]illed" then print("  " .. line.text) end
end
print()

expect("the job was ended", job.state == "killed")
expect("and its helper with it", helper.state == "killed")
expect("long before it would have ended by itself", killed_at < span "5 s")
expect("the service was not touched", service.state == "done" and web:events().oom_kill == 0)
expect("none of its pages was taken", web:stat().pgsteal == 0)
expect("what is empty can be removed", removed)
