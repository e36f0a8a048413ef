#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- The OOM reaper. A killed task gives its memory back when it leaves the kernel. What if it does
-- not leave? Here an administrator lowers memory.max of a cgroup, and nothing in it can be
-- reclaimed, so the kernel kills the task that holds the most. But the job has just reached a limit
-- of its own and waits for a swap device that takes five seconds for a request: the kill does not
-- help. Two seconds later oom_reaper takes what the victim held, behind its back, and the write
-- returns. The victim itself dies when its device has answered.
--
-- The job's cgroup is protected by memory.min: reclaim for the cgroup above leaves it alone.

local m = machine {
  memory = "256 MiB", trace = true,
  swap = { size = "64 MiB", on = "null", latency = "5 s", depth = 1 },
}
local app = m:cgroup { name = "app", memory = { max = "16 MiB" } }
local batch = m:cgroup { name = "batch", parent = app, memory = { max = "10 MiB", min = "10 MiB" } }

local job = m:spawn("job", { cgroup = batch }, function(t) t:map("12 MiB"):touch() end)

local waited
m:spawn("admin", function(t)
  local function show(what)
    print(("%8.3f s  %-22s the job is %s, its cgroup holds %4.1f MiB"):format(
      t:now() / 1e9, what, job.state, batch:current() / size "1 MiB"))
  end
  t:sleep "1 s"
  show "before the write"
  local begun = t:now()
  t:set(app, { max = "4 MiB" })
  waited = t:now() - begun
  show "after it"
end)

m:run()

print "\nWhat the kernel traced:"
local at = {}
for _, event in ipairs(m:trace_events()) do
  if event.name:find "reap" or event.name == "mark_victim" then
    print(("%8.3f s  %s"):format(event.at / 1e9, event.name))
    at[event.name] = event.at
  end
end

expect("the job was killed", job.state == "killed" and app:events().oom_kill == 1)
expect("the reaper woke two seconds later", at.wake_reaper - at.mark_victim == span "2 s")
expect("the writer waited for the reaper, not for the device",
  waited > span "2 s" and waited < span "2100 ms")
