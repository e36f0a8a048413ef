#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- What vm.swappiness decides. A program in a cgroup of 32 MiB has a heap of 24 MiB, of which it
-- uses 4 MiB all the time and the rest seldom, and reads a file of 96 MiB, some pages far more
-- often than others. Both do not fit, so reclaim has to choose: pages of the heap (they go to
-- swap) or pages of the file (they are clean, so they are just dropped and read again when they
-- are missed).
--
-- Swappiness is the price it sets: from 0 (swap only where nothing else is left) over 100 (both
-- cost the same) to 200 (rather swap). Two machines, alike but for this one number, run the same
-- program. Watch which kind of page comes back: that was the wrong one to take.

local function run(swappiness)
  local m = machine {
    like = "machines/6.1-384m.json",
    swap = { size = "256 MiB" },
    sysctl = { ["vm.swappiness"] = swappiness },
  }
  local cgroup = m:cgroup { name = "a", memory = { max = "32 MiB" } }

  m:spawn("program", { cgroup = cgroup }, function(t)
    local heap = t:map "24 MiB"
    heap:touch() -- every page once: from now on the heap is there
    local data = t:open "data"
    data:advise "random"
    for round = 1, 10 do
      heap:touch { pattern = "hot", hot = "4 MiB", pct = 95, count = 2000, seed = round }
      data:read { pattern = "zipf", count = 4000, scramble = true, seed = round }
    end
    t:mark "end" -- the heap goes with the program, so look before
  end)

  m:run()
  local mark = m:marks()[1]
  return { stat = mark.cgroups.a.stat, swap = mark.cgroups.a.swap_current, vmstat = mark.vmstat }
end

local low, high = run(10), run(200)

local function row(what, count) print(("  %-44s %8d %8d"):format(what, count(low), count(high))) end

print(("\n  %-44s %8s %8s"):format("vm.swappiness", "10", "200"))
row("MiB of the heap in memory", function(r) return r.stat.anon >> 20 end)
row("MiB of the heap in swap", function(r) return r.swap >> 20 end)
row("MiB of the file in memory", function(r) return r.stat.file >> 20 end)
row("heap pages that came back (refaults)", function(r) return r.stat.workingset_refault_anon end)
row("file pages that came back (refaults)", function(r) return r.stat.workingset_refault_file end)
row("MiB written to swap", function(r) return r.vmstat.pswpout >> 8 end)
row("MiB read from swap and file", function(r)
  return (r.vmstat.pgpgin // 4 + r.vmstat.pswpin) >> 8
end)
print()

expect("at 10 the heap stays", low.vmstat.pswpout == 0)
expect("at 200 it goes to swap", high.swap > size "12 MiB")
expect("and the file has the room", high.stat.file > 2 * low.stat.file)
expect("so fewer of its pages are missed",
  2 * high.stat.workingset_refault_file < low.stat.workingset_refault_file)
