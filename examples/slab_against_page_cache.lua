#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- Slab against page cache. A mail server looks at every one of 40 000 mails (a stat each), then
-- reads its index of 140 MiB, and begins again. A name that was looked at is a dentry and an inode,
-- 65 MiB in all, so with 256 MiB of memory one of the two has to give way: either the names are
-- forgotten and have to be looked up on the disk again, or the index has to be read again.
--
-- vm.vfs_cache_pressure says how much reclaim asks of the names, in per cent of what it asks of the
-- lists of pages. At 0 it asks nothing. At 100 it asks for as large a share as of the lists, and on
-- 6.1 gets nothing all the same: file pages can be had at once, at the lowest pressure, and of the
-- names hardly more than a four-thousandth is due there. What is too little for one call is kept
-- for later, and how it comes back is what changed between the releases: on 5.10 whole, so that
-- many small claims become a large one and most names are forgotten at 100 already; on 6.1 shifted
-- by the priority like the lists, so that it stays small as long as the pressure does. Only at 1000
-- are the names forgotten there, and the index stays.

local function run(pressure)
  local m = machine {
    memory = "256 MiB", files = { index = "140 MiB" }, directories = { mail = 40000 }, swap = false,
    sysctl = { ["vm.vfs_cache_pressure"] = pressure },
  }
  local looking, reading = 0, 0
  m:spawn("mail server", function(t)
    local mail, index = t:directory "mail", t:open "index"
    for round = 1, 6 do
      local began = t:now()
      mail:stat()
      local looked = t:now()
      index:read()
      if round > 1 then
        looking = looking + looked - began
        reading = reading + t:now() - looked
      end
    end
  end)
  m:run()
  local v, slab = m:vmstat(), m:slabinfo()
  local names = slab.dentry.pages + slab.ext4_inode_cache.pages
  print(("%8d %12d %12d %10d KiB %12d %9.0f ms %9.0f ms"):format(pressure, v.slabs_scanned,
    slab.dentry.objects, names * 4, v.workingset_refault_file, looking / span "1 ms",
    reading / span "1 ms"))
  return { vmstat = v, names = slab.dentry.objects, looking = looking, reading = reading }
end

print(("\n%8s %12s %12s %14s %12s %12s %12s"):format("pressure", "scanned", "names left", "slab",
  "refaults", "looking took", "reading took"))
local none, fair, strong = run(0), run(100), run(1000)

-- What holds on both kernels, before what one of them does.
expect("at 0 no name is forgotten", none.names > 40000)
expect("asked for more, most names are forgotten", strong.names < 40000 // 2)
expect("which keeps most of the index",
  strong.vmstat.workingset_refault_file < fair.vmstat.workingset_refault_file // 4)
expect("what is saved by reading is paid for by looking",
  strong.reading < none.reading and strong.looking > 3 * none.looking)

if kernel == "5.10" then
  expect("at 0 some shadows of pages are looked at, which the knob does not spare",
    none.vmstat.slabs_scanned > 0 and none.vmstat.slabs_scanned < 128)
  expect("fair shares that were put off come back whole: most names are forgotten",
    fair.names < 40000 // 2 and fair.vmstat.slabs_scanned > 40000)
  expect("which keeps a part of the index",
    fair.vmstat.workingset_refault_file < none.vmstat.workingset_refault_file)
else
  expect("at 0 nothing of slab is looked at", none.vmstat.slabs_scanned == 0)
  expect("and each round reads the whole index again",
    none.vmstat.workingset_refault_file == 5 * size "140 MiB" // 4096)
  expect("a fair share is next to nothing here", fair.vmstat.slabs_scanned <= 2048)
  expect("and looking takes no longer for it", fair.looking == none.looking)
end
