#!/usr/bin/env reclaimlua
-- SPDX-License-Identifier: Apache-2.0
-- vm.watermark_scale_factor and allocation stalls. A program takes 12 MiB twenty times, with a rest
-- in between, on a machine of 256 MiB that has to swap for it. kswapd starts when free memory falls
-- to the low watermark and works up to the high one. Whoever allocates faster than that falls
-- through to the minimum, and then reclaims for himself: a stall, counted as allocstall.
--
-- The factor is the distance of the watermarks in 1/10000 of a zone. At 10, the default, kswapd has
-- little to start from; at 300 the same bursts find most of what they need set aside, at 1000 all.
-- The price is memory that lies free.

local function run(factor)
  local m = machine {
    memory = "256 MiB", swap = { size = "512 MiB", on = "null" },
    sysctl = { ["vm.watermark_scale_factor"] = factor },
  }
  local worst = 0
  m:spawn("bursts", function(t)
    for _ = 1, 20 do
      local began = t:now()
      t:map("12 MiB"):touch { write = true }
      worst = math.max(worst, t:now() - began)
      t:sleep "50 ms"
    end
  end)
  m:run()
  local v, zone = m:vmstat(), m.node[0].zones.DMA32
  local stalls = v.allocstall_dma + v.allocstall_dma32 + v.allocstall_normal + v.allocstall_movable
  print(("%8d %8d %8d %8d %8d %14d %14d %9.1f ms"):format(factor, zone.min, zone.low, zone.high,
    stalls, v.pgscan_direct, v.pgsteal_kswapd, worst / span "1 ms"))
  return { stalls = stalls, vmstat = v, high = zone.high, worst = worst }
end

print(("\n%8s %8s %8s %8s %8s %14s %14s %12s"):format("factor", "min", "low", "high", "stalls",
  "pgscan_direct", "pgsteal_kswapd", "worst burst"))
local default, wide, widest = run(10), run(300), run(1000)

expect("the high watermark moves away", default.high < wide.high and wide.high < widest.high)
expect("stalls become fewer", wide.stalls < default.stalls // 2)
expect("and so does what tasks scan themselves",
  wide.vmstat.pgscan_direct < default.vmstat.pgscan_direct)
expect("kswapd does it instead", wide.vmstat.pgsteal_kswapd > default.vmstat.pgsteal_kswapd)
expect("far enough apart nobody stalls", widest.stalls == 0)
expect("the worst burst is shorter then", widest.worst < default.worst)
