#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- A file stream against anonymous memory, on a whole machine. A service keeps 128 MiB and works in
-- all of it; beside it a backup reads a file. The machine has 256 MiB, so kswapd has to give pages
-- back, and could take the service's as well as the file's.
--
-- A file that is read once takes nothing from the service, whatever vm.swappiness says: its pages
-- come in at the head of the inactive list as fast as they are taken from its tail, and as long as
-- there are plenty of them reclaim looks nowhere else.
--
-- Read again and again, a file that nearly fits is another story. Its pages come back soon after
-- they were taken; such a refault makes a page active, and reclaim has to weigh one kind of memory
-- against the other. Here swappiness decides who pays.

local function run(file, times, swappiness)
  local m = machine {
    memory = "256 MiB", files = { backup = file }, swap = { size = "256 MiB", on = "null" },
    sysctl = { ["vm.swappiness"] = swappiness },
  }
  m:spawn("service", function(t)
    local heap = t:map { size = "128 MiB", name = "heap" }
    heap:touch { write = true }
    t:signal "warm"
    for _ = 1, 20 do
      heap:touch { pattern = "rand", count = 8000 }
      t:sleep "20 ms"
    end
  end)
  m:spawn("backup", function(t)
    t:wait "warm"
    for _ = 1, times do t:open("backup"):read() end
  end)
  m:run()
  local v = m:vmstat()
  print(("%d x %s, swappiness %3d: %6d pages of files taken, %6d anonymous; back came %6d and %6d")
    :format(times, file, swappiness, v.pgsteal_file, v.pgsteal_anon, v.workingset_refault_file,
      v.workingset_refault_anon))
  return v
end

local once, again = {}, {}
for _, swappiness in ipairs { 0, 60, 200 } do
  once[swappiness] = run("512 MiB", 1, swappiness)
  again[swappiness] = run("100 MiB", 6, swappiness)
end

for _, swappiness in ipairs { 0, 60, 200 } do
  expect(("a stream takes nothing from the service, swappiness %d"):format(swappiness),
    once[swappiness].pgsteal_anon == 0)
end
expect("kswapd alone keeps up with a stream", once[60].pgscan_direct == 0)
expect("a file that comes back is not paid for by the service at 0", again[0].pgsteal_anon == 0)
expect("but at 200 more by it than by the file",
  again[200].pgsteal_anon > again[200].pgsteal_file)
expect("and the file comes back less often for it",
  again[200].workingset_refault_file < again[0].workingset_refault_file)
