#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- The same scenario on two kernels. A program in a cgroup of 24 MiB has a heap of 16 MiB, reads a
-- file of 48 MiB at random, some pages far more often than others, and at the end somebody asks
-- for memory back through memory.reclaim. Machine, workload and seed are the same; what differs
-- is the kernel.
--
-- What to look for: a read of 5.10 marks a page as accessed at every call, one of 6.1 not where it
-- goes on in the page where the last one ended; statistics are published in other steps, so
-- reclaim decides on other numbers; a charge takes 32 pages at a time or 64; the shadow of an
-- evicted page holds another clock. Small things, but who compares two kernels by their counters
-- compares these as well. And memory.reclaim came with 5.19.

local function run(kernel)
  local m = machine {
    kernel = kernel, memory = "512 MiB", files = { data = "48 MiB" },
    swap = { size = "64 MiB" },
  }
  local cgroup = m:cgroup { name = "a", memory = { max = "24 MiB" } }
  local result = {}
  m:spawn("program", { cgroup = cgroup }, function(t)
    local heap, data = t:map "16 MiB", t:open "data"
    heap:touch()
    for round = 1, 8 do
      data:read { pattern = "zipf", count = 5000, scramble = true, seed = round }
      heap:touch { pattern = "hot", hot = "2 MiB", pct = 90, count = 3000, seed = round }
    end
    result.took = t:now()
    t:mark "end"
    local pages, why = t:reclaim(cgroup, "4 MiB")
    result.reclaim = pages and pages .. " pages" or why
  end)
  m:run()
  local mark = m:marks()[1]
  result.stat, result.vmstat = mark.cgroups.a.stat, mark.vmstat
  return result
end

local old, new = run "5.10", run "6.1"

local function row(name, count)
  local a, b = count(old), count(new)
  print(("  %-34s %12s %12s%s"):format(name, a, b, a == b and "" or "  *"))
end

print(("\n  %-34s %12s %12s"):format("", "5.10", "6.1"))
for _, name in ipairs { "pgscan", "pgsteal", "pgactivate", "pgdeactivate", "pgrefill",
  "workingset_refault_file", "workingset_refault_anon", "workingset_activate_file",
  "workingset_activate_anon" } do
  row(name, function(r) return r.stat[name] end)
end
row("pages written to swap", function(r) return r.vmstat.pswpout end)
row("pages read from swap", function(r) return r.vmstat.pswpin end)
row("milliseconds", function(r) return ("%.1f"):format(r.took / span "1 ms") end)
row("4 MiB through memory.reclaim", function(r) return r.reclaim end)
print()

expect("5.10 has no memory.reclaim", old.reclaim == "ENOENT")
expect("6.1 has, and finds what it is asked for", new.reclaim ~= "EAGAIN")
expect("the two agree within a tenth on what was scanned",
  math.abs(old.stat.pgscan - new.stat.pgscan) < new.stat.pgscan // 10)
