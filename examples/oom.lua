#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- An OOM kill, explained. A server and a batch job share a cgroup of 32 MiB on a machine with a
-- little swap. The server holds 8 MiB, the job maps ever more. As long as there is something to
-- take, reclaim takes it: first the pages of a file that the server had read (they are clean and
-- just go), then anonymous pages, as far as swap.max lets them into swap. When nothing is left,
-- the kernel kills the task of the cgroup that holds the most, and frees what it held.
--
-- Who dies is a matter of size: resident pages, pages in swap and page tables, shifted by
-- oom_score_adj. So the job dies, though the server was there first.

local m = machine { memory = "1 GiB", files = { data = "16 MiB" }, swap = { size = "64 MiB" } }
local cgroup = m:cgroup { name = "app", memory = { max = "32 MiB", swap_max = "8 MiB" } }

local server = m:spawn("server", { cgroup = cgroup }, function(t)
  t:open("data"):read()
  local heap = t:map "8 MiB"
  heap:touch()
  t:signal "ready"
  for _ = 1, 150 do
    heap:touch()
    t:sleep "1 ms"
  end
end)

local job = m:spawn("job", { cgroup = cgroup }, function(t)
  t:wait "ready"
  print(("\n%10s %10s %10s %10s"):format("job wants", "anon MiB", "file MiB", "swap MiB"))
  for step = 1, 16 do
    t:map("4 MiB"):touch()
    local stat = cgroup:stat()
    print(("%6d MiB %10.1f %10.1f %10.1f"):format(4 * step, stat.anon / size "1 MiB",
      stat.file / size "1 MiB", cgroup:swap_current() / size "1 MiB"))
  end
end)

m:run()

print("\nWhat the kernel logged:")
for _, line in ipairs(m:kernel_log()) do
  if line.text:find "Killed process" or line.text:find "oom_memcg" or
    line.text:find "^%[" then print("  " .. line.text) end
end

local events = cgroup:events()
print(("\nThe limit was hit %d times, which killed %d task."):format(events.max, events.oom_kill))

expect("the job was killed", job.state == "killed")
expect("the server lives to its end", server.state == "done")
expect("it was one kill", events.oom_kill == 1)
expect("swap was full to its limit before", m:vmstat().pswpout >= size "8 MiB" // 4096)
