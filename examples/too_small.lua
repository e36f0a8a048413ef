#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- A cgroup too small for its file. A file of 12 MiB is read from start to end, five times over, in
-- cgroups of different sizes. One would think that a cgroup of 11 MiB keeps 11 of 12 pages. It
-- keeps none of use: the page that is wanted next is always the one that was not read for the
-- longest time, and that is what reclaim takes. A mebibyte more, and nothing is missed at all.
--
-- Note how much "enough" is: the cgroup pays for the kernel's own memory as well, here the nodes
-- of the page cache's tree, 592 bytes for each 64 pages. And a read ahead of time that reclaim
-- undoes is a page read twice.

local sizes = { "8 MiB", "10 MiB", "11 MiB", "12 MiB", "12.25 MiB", "16 MiB" }

local read, rows = {}, {}
for i, limit in ipairs(sizes) do
  local m = machine { memory = "1 GiB", files = { data = "12 MiB" } }
  local cgroup = m:cgroup { name = "a", memory = { max = limit } }
  local took
  m:spawn("reader", { cgroup = cgroup }, function(t)
    local data = t:open "data"
    local began = t:now()
    data:read { ["repeat"] = 5 }
    took = t:now() - began
  end)
  m:run()
  local stat = cgroup:stat()
  read[limit] = m:vmstat().pgpgin * 1024
  rows[i] = ("  %-10s %12.1f %12d %12d %10.1f"):format(limit, read[limit] / size "1 MiB",
    stat.pgsteal, stat.workingset_refault_file, took / 5 / span "1 ms")
end

print(("\n  %-10s %12s %12s %12s %10s"):format("memory.max", "MiB read", "reclaimed", "refaults",
  "ms/round"))
print(table.concat(rows, "\n"))
print()

expect("with room for all of it the file is read once", read["16 MiB"] == size "12 MiB")
expect("a little less than the file is as good as nothing", read["11 MiB"] >= size "58 MiB")
expect("the file's size is not enough: the kernel's share comes on top",
  read["12 MiB"] > size "12 MiB")
expect("with that share it is", read["12.25 MiB"] == size "12 MiB")
