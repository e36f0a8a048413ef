#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- memory.low for a database. A service of 48 MiB holds a database with 32 MiB of hot pages, and a
-- backup that reads 96 MiB once. To the kernel a page is a page: the backup's stream pushes out
-- what the database needs, and the database pays for it when it reads its pages again.
--
-- memory.low says how much of the database reclaim leaves alone as long as there is something else
-- to take. Nothing is set aside: while the database uses less, others use the rest; and should
-- nothing else be left, even protected pages are taken (memory.events counts `low` then). A hard
-- guarantee is memory.min, and its price is that somebody is killed instead.

local function service(low)
  local m = machine {
    like = "machines/6.1-384m.json", files = { hot = "32 MiB", backup = "96 MiB" },
  }
  local box = m:cgroup { name = "box", memory = { max = "48 MiB" } }
  local db = m:cgroup { name = "db", parent = box, memory = { low = low } }
  local job = m:cgroup { name = "backup", parent = box }

  m:spawn("load", { cgroup = db }, function(t) t:open("hot"):read() end)
  m:run()
  m:spawn("backup", { cgroup = job }, function(t) t:open("backup"):read() end)
  m:run()
  local kept = db:stat().file
  local again = 0
  m:spawn("queries", { cgroup = db }, function(t)
    local began = t:now()
    t:open("hot"):read()
    again = t:now() - began
  end)
  m:run()
  print(("%-22s keeps %4.1f of 32 MiB; reading them again misses %5d pages and takes %5.1f ms"):
    format("memory.low = " .. low, kept / size "1 MiB", db:stat().workingset_refault_file,
      again / span "1 ms"))
  return { kept = kept, refaults = db:stat().workingset_refault_file, again = again,
    low = db:events().low }
end

local bare, half, whole = service("0 MiB"), service("24 MiB"), service("40 MiB")

expect("unprotected, the database loses more than half", bare.kept < size "16 MiB")
expect("with 24 MiB protected it keeps at least those", half.kept >= size "24 MiB")
expect("with all of it protected nothing is missed", whole.refaults == 0)
expect("and queries are faster the more is kept", whole.again < half.again
  and half.again < bare.again)
expect("protection was never broken", bare.low == 0 and half.low == 0 and whole.low == 0)
