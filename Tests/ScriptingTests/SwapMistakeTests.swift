// SPDX-License-Identifier: Apache-2.0
// Mistakes with a machine's swap and sysctls and with limits of cgroups, and the exact words they
// are told.

import Testing

@Suite struct SwapMistakeTests {
  @Test(arguments: [
    (
      "swap = '256 MiB'",
      "bad field 'swap' in machine: expected a table of fields, got \"256 MiB\""
    ),
    (
      "swap = {}",
      """
      bad field 'size' in swap of the machine: expected a size such as \"256 MiB\", got nothing
      """
    ),
    (
      "swap = { size = '256' }",
      """
      bad field 'size' in swap of the machine: expected a size such as \"768 MiB\", got \"256\", \
      which has no unit
      """
    ),
    (
      "swap = { size = '16 TiB' }",
      "bad field 'size' in swap of the machine: expected less than 16 TiB, got \"16 TiB\""
    ),
    (
      "swap = { szie = 1 }",
      "swap of the machine: unknown field 'szie'; did you mean 'size'?"
    ),
    (
      "swap = { { size = '1 MiB' } }",
      "swap of the machine: expected fields with names, got the key 1"
    ),
    (
      "swap = { size = '1 MiB', on = 'nvme' }",
      """
      bad field 'on' in swap of the machine: expected "pmem", "null", "brd", "zram", got "nvme"
      """
    ),
    (
      "swap = { size = '1 MiB', on = 'brd', depth = 3 }",
      "swap of the machine: field 'depth' goes with on = \"null\", this is on \"brd\""
    ),
    (
      "swap = { size = '1 MiB', latency = '1 ms' }",
      "swap of the machine: field 'latency' goes with on = \"null\", this is on \"pmem\""
    ),
    (
      "swap = { size = '1 MiB', on = 'null', ratio = 2 }",
      "swap of the machine: field 'ratio' goes with on = \"zram\", this is on \"null\""
    ),
    (
      "swap = { size = '1 MiB', on = 'null', latency = '10' }",
      """
      bad field 'latency' in swap of the machine: expected a time such as "10 ms", got "10", \
      which has no unit
      """
    ),
    (
      "swap = { size = '1 MiB', on = 'null', depth = 0 }",
      """
      bad field 'depth' in swap of the machine: expected how many requests at once, from 1 to \
      1024, got 0
      """
    ),
    (
      "swap = { size = '1 MiB', on = 'zram', ratio = 0.5 }",
      """
      bad field 'ratio' in swap of the machine: expected how many times smaller a page gets, from \
      1 to 100, got 0.5
      """
    ),
    (
      "sysctl = { ['vm.swappiness'] = 201 }",
      """
      bad field 'vm.swappiness' in sysctl of the machine: expected a whole number from 0 to 200, \
      got 201, to which the kernel says EINVAL
      """
    ),
    (
      "sysctl = { ['vm.swappiness'] = '60' }",
      """
      bad field 'vm.swappiness' in sysctl of the machine: expected a whole number from 0 to 200, \
      got \"60\"
      """
    ),
    (
      "sysctl = { swappiness = 60 }",
      "sysctl of the machine: unknown sysctl 'swappiness'; did you mean 'vm.swappiness'?"
    ),
    (
      "sysctl = { ['vm.page_cluster'] = 0 }",
      "sysctl of the machine: unknown sysctl 'vm.page_cluster'; did you mean 'vm.page-cluster'?"
    ),
    (
      "sysctl = { ['kernel.hostname'] = 0 }",
      "sysctl of the machine: unknown sysctl 'kernel.hostname'"
    ),
  ])
  func ofMakingAMachine(_ field: String, _ message: String) {
    #expect(
      Scenario("machine { like = 'toy.json', \(field) }").failure == "s.lua:1: " + message)
  }

  @Test(arguments: [
    (
      "m:cgroup { name = 'db', max = '32 MiB' }",
      "cgroup 'db': field 'max' belongs into memory = { max = … }"
    ),
    (
      "m:cgroup { name = 'db', memory = { swap = '32 MiB' } }",
      """
      cgroup 'db': unknown field 'swap'; expected max, swap_max, high, low, min, swap_high, \
      oom_group
      """
    ),
    (
      "m:cgroup { name = 'db' }:set { memory = { max = 1 } }",
      """
      cg:set of 'db': field 'memory' belongs to m:cgroup; here its fields stand alone, as \
      { max = … }
      """
    ),
    (
      "m:cgroup { name = 'db' }:set { max = 0 }",
      """
      cg:set of 'db': the cgroup holds more than that, and reclaim takes time; let a task write \
      it, with t:set
      """
    ),
    (
      "m:cgroup { name = 'db' }:set { min = 0 }",
      "cg:set of 'db': memory.min is not built in the toy"
    ),
  ])
  func outsideOfTime(_ script: String, _ message: String) {
    #expect(
      Scenario("local m = machine { like = 'toy.json' } " + script).failure
        == "s.lua:1: " + message)
  }
}
