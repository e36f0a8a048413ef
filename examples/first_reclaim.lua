#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- A file three times the size of its cgroup, read at random, but some pages far more often than
-- others (Zipf's law: the second most popular page is read half as often as the first, the third
-- a third as often, …). The page cache keeps what was read until the cgroup is full. From then on
-- each new page needs an old one to go: reclaim looks at the far end of the inactive list and
-- takes it.
--
-- Which page goes decides how often the disk must be asked again. Watch three numbers: pages that
-- reclaim looked at (pgscan), took (pgsteal), and had to give back because they were read again too
-- soon (workingset_refault_file).

local m = machine { like = "machines/6.1-384m.json" } -- its file `data` has 96 MiB
local cgroup = m:cgroup { name = "a", memory = { max = "32 MiB" } }

m:spawn("reader", function(t)
  t:move(cgroup)
  local data = t:open "data"
  data:advise "random" -- no readahead: one page for each read
  data:read { pattern = "zipf", count = 30000, seed = 1, scramble = true }
  t:mark "warm"
  data:read { pattern = "zipf", count = 30000, seed = 2, scramble = true }
  t:mark "steady"
end)

m:run()

-- What real kernels had counted by then, on the same machine and workload. On 5.10 as many pages
-- go, but not the same ones: there every read marks a page as accessed, other pages are active, and
-- the shadow of a page that went holds another clock.
local recorded = {
  ["6.1"] = {
    warm = { pgscan = 0, pgsteal = 0, workingset_refault_file = 0, workingset_activate_file = 0,
      pgactivate = 2664, file = 30838784 },
    steady = { pgscan = 3798, pgsteal = 3798, workingset_refault_file = 557,
      workingset_activate_file = 434, pgactivate = 5644, file = 33263616 },
  },
  ["5.10"] = {
    warm = { pgscan = 0, pgsteal = 0, workingset_refault_file = 0, workingset_activate_file = 0,
      pgactivate = 2640, file = 30818304 },
    steady = { pgscan = 3798, pgsteal = 3798, workingset_refault_file = 528,
      workingset_activate_file = 462, pgactivate = 5247, file = 33251328 },
  },
}
local release = kernel or "6.1" -- `kernel` is what --kernel said
local linux = recorded[release]

local rows = {
  { "file", "bytes of the file in the cgroup's cache" },
  { "pgactivate", "moves to the active list: pages read more than once" },
  { "pgscan", "pages that reclaim looked at" },
  { "pgsteal", "pages that it took" },
  { "workingset_refault_file", "taken pages that were read again" },
  { "workingset_activate_file", "of these, missed so soon that they became active" },
}

local equal = true
for _, mark in ipairs(m:marks()) do
  local stat = mark.cgroups.a.stat
  print(("\nAfter %s:"):format(mark.name == "warm" and "30000 reads" or "another 30000"))
  print(("  %-26s %10s %10s"):format("memory.stat", "simulated", "Linux " .. release))
  for _, row in ipairs(rows) do
    local name, meaning = row[1], row[2]
    equal = equal and stat[name] == linux[mark.name][name]
    print(("  %-26s %10d %10d  %s"):format(name, stat[name], linux[mark.name][name], meaning))
  end
end

local stat = cgroup:stat()
local taken, back = stat.pgsteal, stat.workingset_refault_file
print(([[

Reclaim looked at %d pages and took %d. Of those %d were wanted back, %d %%: most pages that
are read often had moved to the active list in time, out of its reach.]]):format(
  stat.pgscan, taken, back, back * 100 // taken))

expect("the cgroup stays below its limit", cgroup:current() <= size "32 MiB")
expect("every number is the real kernel's", equal)
