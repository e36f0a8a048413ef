#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- OOM of the whole machine, without swap, read line by line. A server holds 60 MiB, a leak takes
-- ever more. Once the last page of files is gone nothing is left that could be taken: anonymous
-- pages have nowhere to go. Direct reclaim fails again and again until the kernel gives up, and
-- kills the task that holds the most, oom_score_adj added.
--
-- What the kernel writes into its log then is long, and each part answers a question.

local m = machine { memory = "256 MiB", files = { data = "64 MiB" } }
local server = m:spawn("server", function(t)
  t:open("data"):read()
  t:map("60 MiB"):touch { write = true }
  t:signal "ready"
  t:sleep "2 s"
end)
local leak = m:spawn("leak", function(t)
  t:wait "ready"
  while true do
    t:map("4 MiB"):touch { write = true }
    t:compute "1 ms"
  end
end)
m:run()

local questions = {
  { "invoked oom%-killer", "Who asked for memory, of which kind, and how much (order 0: a page)?" },
  { "^active_anon", "What is the memory? Nothing in files, all anonymous and slab." },
  { "DMA32 free:", "How far is each zone from its watermarks? free is below min." },
  { "^lowmem_reserve", "What must higher allocations leave alone in lower zones?" },
  { "DMA32: ", "Is it fragmentation? Free blocks by size, and whose they are." },
  { "pagecache pages", "Is there page cache left?" },
  { "^Free swap", "Is there swap left?" },
  { "^%[", "Who is there, and how large?" },
  { "^oom%-kill:", "What was the limit (none: the machine), and who was chosen?" },
  { "Killed process", "And what did the victim hold?" },
}
for _, q in ipairs(questions) do
  print("\n" .. q[2])
  for _, line in ipairs(m:kernel_log()) do
    if line.text:find(q[1]) then print("  " .. line.text:gsub("\n", "\n  ")) end
  end
end
print()

local log = {}
for _, line in ipairs(m:kernel_log()) do log[#log + 1] = line.text end
log = table.concat(log, "\n")
local free, min = log:match "DMA32 free:(%d+)kB.- min:(%d+)kB"
local v = m:vmstat()

expect("one kill", v.oom_kill == 1)
expect("the leak was killed", leak.state == "killed"
  and log:find "Killed process %d+ %(leak%)" ~= nil)
expect("the server, which had less, lives", server.state == "done")
expect("the zone was below its minimum", tonumber(free) < tonumber(min))
expect("it was the machine's limit and no cgroup's", log:find "CONSTRAINT_NONE" ~= nil)
expect("tasks had stalled in reclaim before", v.allocstall_movable + v.allocstall_normal > 0)
expect("the file went first", v.pgsteal_file > 0 and v.pgsteal_anon == 0)
