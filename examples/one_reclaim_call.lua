#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- One call of reclaim, step by step. A file of 8 MiB is read in order in a cgroup of 4 MiB. When
-- the next page would not fit, the kernel asks for 32 pages back. It does not take them at once:
-- it starts at priority 12 and looks at 1/4096 of each list, at priority 11 at 1/2048, and so on,
-- until it has what it wants. With about 1000 pages on the list the first step that amounts to a
-- page is priority 9; the next looks at twice as many, and the last overshoots.

local m = machine {
  like = "machines/6.1-384m.json",
  files = { small = "8 MiB" },
  trace = true, -- keep the kernel's trace events
}
local cgroup = m:cgroup { name = "a", memory = { max = "4 MiB" } }

m:spawn("reader", { cgroup = cgroup }, function(t)
  t:open("small"):read()
end)

m:run()

print "\nThe first call, as the kernel's tracepoints tell it:"
print(("  %-10s %10s %10s"):format("priority", "looked at", "took"))
local steps, calls, taken = {}, 0, 0
for _, event in ipairs(m:trace_events()) do
  if event.name == "mm_vmscan_memcg_reclaim_begin" then calls = calls + 1 end
  if event.name == "mm_vmscan_lru_shrink_inactive" and calls == 1 then
    print(("  %-10d %10d %10d"):format(event.priority, event.nr_scanned, event.nr_reclaimed))
    steps[#steps + 1] = event.nr_reclaimed
    taken = taken + event.nr_reclaimed
  end
end
print(("  %-10s %10s %10d  (32 were asked for)"):format("together", "", taken))
print(("\nTo read the file once took %d such calls."):format(calls))

expect("the steps are 1, 3, 7, 15, 31 pages", table.concat(steps, " ") == "1 3 7 15 31")
expect("each call makes room for the reads up to the next", cgroup:events().max == calls)
