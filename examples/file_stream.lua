#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- A file stream against anonymous memory, on a whole machine. A service keeps 128 MiB and works in
-- all of it, again and again; then a backup reads a file of 512 MiB once. The machine has 256 MiB:
-- kswapd has to give pages back, and could take the service's as well as the file's.
--
-- It takes the file's. Pages that were read once stand at the tail of the inactive list, and as
-- long as they come in there as fast as they are taken, scanning finds what it needs among them.
-- swappiness is what somebody who knew better might turn: at 200 anonymous pages cost nothing
-- beside a file's, and only then are they in danger.

local function run(swappiness)
  local m = machine {
    memory = "256 MiB", files = { backup = "512 MiB" }, swap = { size = "256 MiB", on = "null" },
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
    t:open("backup"):read()
  end)
  m:run()
  return m:vmstat()
end

print(("\n%10s %14s %14s %12s %12s"):format("swappiness", "file stolen", "anon stolen", "swapped in",
  "direct"))
local results = {}
for _, swappiness in ipairs { 0, 60, 200 } do
  local v = run(swappiness)
  results[swappiness] = v
  print(("%10d %14d %14d %12d %12d"):format(swappiness, v.pgsteal_file, v.pgsteal_anon, v.pswpin,
    v.pgscan_direct))
end
