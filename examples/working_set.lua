#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- How the kernel notices that a program has moved on, and when it cannot help. In a cgroup of
-- 32 MiB a file of 16 MiB is read three times: its pages are active now and out of reclaim's
-- reach. Then the program turns to another file and reads that one again and again, in order.
-- Only the 16 MiB of the inactive list are left for it, so a file of 20 MiB does not fit: each
-- page is gone just before it is wanted again.
--
-- When a page is taken, its place in the cache keeps a shadow: a number that tells when. When the
-- page comes back (a refault), the kernel knows how many pages were taken meanwhile, the refault
-- distance. Had the inactive list been that much longer, the page would still be there. If the
-- active list has so many pages to give, the page becomes active at once, and the old ones have
-- to go. With 20 MiB that is so, and one round later nothing is missed any more. With 44 MiB the
-- distance is longer than the active list: it would not help, the kernel leaves the old file
-- where it is, and every round misses every page. That is thrashing.

local m = machine {
  like = "machines/6.1-384m.json",
  files = { ["old 1"] = "16 MiB", ["old 2"] = "16 MiB", fits = "20 MiB", thrashes = "44 MiB" },
}

local function run(old_name, new_name)
  local cgroup = m:cgroup { name = new_name, memory = { max = "32 MiB" } }
  local rounds = {}

  m:spawn(new_name, { cgroup = cgroup }, function(t)
    local old, new = t:open(old_name), t:open(new_name)
    old:read { ["repeat"] = 3 }
    for round = 1, 5 do
      local before, began = cgroup:stat(), t:now()
      new:read()
      local after = cgroup:stat()
      rounds[round] = {
        refaults = after.workingset_refault_file - before.workingset_refault_file,
        activated = after.workingset_activate_file - before.workingset_activate_file,
        active = after.active_file, took = t:now() - began,
      }
    end
  end)

  m:run()
  print(("\n%s (%d MiB in rounds of one read of each page)"):format(new_name,
    new_name == "fits" and 20 or 44))
  print("  round   refaults  activated  active MiB  took ms")
  for i, r in ipairs(rounds) do
    print(("  %5d %10d %10d %11.1f %8.1f"):format(i, r.refaults, r.activated,
      r.active / size "1 MiB", r.took / span "1 ms"))
  end
  return rounds
end

local fits, thrashes = run("old 1", "fits"), run("old 2", "thrashes")

-- Reading memory.stat publishes everything on 6.1. On 5.10 it shows what each CPU has published by
-- itself, and a CPU does so when more than 32 events have come together: the count goes up by 33,
-- and is behind by up to 32. The pages are missed all the same.
local function shown(count) return kernel == "5.10" and count - count % 33 or count end

expect("what fits is missed once, and then no more",
  fits[2].refaults == shown(5120) and fits[3].refaults == 0)
expect("each of its refaults made the page active", fits[2].activated == fits[2].refaults)
expect("what does not fit is missed in every round",
  thrashes[5].refaults == shown(4 * 11264) - shown(3 * 11264))
expect("and none of it is made active", thrashes[5].activated == 0)
expect("a round that misses nothing is faster", 4 * fits[3].took < fits[2].took)
