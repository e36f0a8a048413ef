#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- Protection that adds up to more than there is. A parent may keep 48 MiB; its children ask for 48,
-- 24 and nothing. What they ask for and use is more than the parent has, so each gets its part of
-- the parent's 48 MiB in proportion to that:
--
--   share = min(usage, low) * what the parent may keep / sum of min(usage, low) over all children
--
-- A neighbour then takes memory until all three have been squeezed down to what is theirs. The
-- shares move while that happens, because a child that shrinks asks for less.

local m = machine {
  like = "machines/6.1-384m.json",
  files = { big = "48 MiB", small = "48 MiB", none = "48 MiB", neighbour = "160 MiB" },
}
local top = m:cgroup { name = "top", memory = { max = "160 MiB" } }
local p = m:cgroup { name = "p", parent = top, memory = { low = "48 MiB" } }
local children = {
  { name = "big", low = "48 MiB" }, { name = "small", low = "24 MiB" },
  { name = "none", low = "0 MiB" },
}
for _, c in ipairs(children) do
  c.cgroup = m:cgroup { name = c.name, parent = p, memory = { low = c.low } }
  m:spawn(c.name, { cgroup = c.cgroup }, function(t) t:open(c.name):read() end)
  m:run()
end

local function show(when)
  print(when)
  for _, c in ipairs(children) do
    print(("  %-6s low %-7s holds %5.1f MiB, low events %d"):format(c.name, c.low,
      c.cgroup:current() / size "1 MiB", c.cgroup:events().low))
  end
  print(("  together %20.1f MiB"):format(p:current() / size "1 MiB"))
end

show("before the neighbour")
local n = m:cgroup { name = "neighbour", parent = top }
m:spawn("neighbour", { cgroup = n }, function(t)
  t:open("neighbour"):read { ["repeat"] = 3 }
end)
m:run()
show("after it")

local held = {}
for _, c in ipairs(children) do held[c.name] = c.cgroup:current() end
expect("together they keep what the parent may keep",
  p:current() >= size "47 MiB" and p:current() <= size "60 MiB")
expect("who asked for more keeps more", held.big > held.small and held.small > held.none)
expect("who asked for nothing keeps next to nothing", held.none < size "6 MiB")
expect("no protection was broken", p:events().low == 0)
