// SPDX-License-Identifier: Apache-2.0
// Mistakes with memory, limits and swap, and the exact words they are told.

import Testing

@Suite struct AreaMistakeTests {
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
      "sysctl = { ['vm.swappiness'] = 201 }",
      """
      bad field 'vm.swappiness' in sysctl of the machine: expected a whole number from 0 to 200, \
      got 201
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
      "sysctl = { ['vm.page-cluster'] = 0 }",
      """
      sysctl of the machine: 'vm.page-cluster' cannot be changed; what this machine follows is \
      vm.swappiness
      """
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
      "m:cgroup: field 'max' belongs into memory = { max = … }"
    ),
    (
      "m:cgroup { name = 'db', memory = { swap = '32 MiB' } }",
      """
      cgroup 'db': unknown field 'swap'; expected max, high, low, min, swap_max, swap_high, \
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

  @Test(arguments: [
    (
      "t:map()", "bad argument #1 to 't:map': expected a size such as \"24 MiB\", got nothing"
    ),
    (
      "t:map '24'",
      """
      bad argument #1 to 't:map': expected a size such as \"768 MiB\", got \"24\", which has no \
      unit
      """
    ),
    ("t:map(0)", "t:map: expected more than nothing to map"),
    (
      "t:map('1 MiB', { file = 'data' })",
      "t:map: field 'file' goes with its size into one table: t:map { file = …, size = … }"
    ),
    ("t:map { fiel = 'data' }", "t:map: unknown field 'fiel'; did you mean 'file'?"),
    (
      "t:map { from = 1, size = '1 MiB' }",
      "t:map: field 'from' is where in a file the area begins; name its file"
    ),
    (
      "t:map { name = 'a' }",
      "bad field 'size' in t:map: expected a size such as \"24 MiB\", got nothing"
    ),
    (
      "t:map { file = 'data', from = 1000, size = '1 MiB' }",
      "t:map: the file 'data' has 1024 pages, and not 256 from page 1000 on"
    ),
    (
      "t:map('1 MiB', { name = 'a' }) t:map('1 MiB', { name = 'a' })",
      "t:map: task 'worker' has an area 'a' already"
    ),
    ("t:map('1 MiB', { shared = true })", "shared memory is not built in the toy"),
    (
      "local a = t:map '1 MiB' a:unmap() a:touch()",
      "a:touch: 'area 1' was unmapped before"
    ),
    (
      "local a = t:map '1 MiB' a:unmap() a:unmap()",
      "a:unmap: 'area 1' was unmapped before"
    ),
    ("t:map('1 MiB'):tuoch()", "an area has no 'tuoch'; did you mean 'touch'?"),
    (
      "t:map('1 MiB').touch()",
      "a:touch: call it with a colon, as a:touch(…); it was called on nothing"
    ),
    (
      "t:map('1 MiB'):touch { write = 'yes' }",
      "bad field 'write' in a:touch of 'area 1': expected true or false, got \"yes\""
    ),
    (
      "t:map('1 MiB'):touch { wirte = false }",
      "a:touch of 'area 1': unknown field 'wirte'; did you mean 'write'?"
    ),
    (
      "t:map('1 MiB'):touch { write = false, fill = true }",
      "a:touch of 'area 1': field 'fill' says what is written, not with write = false"
    ),
    (
      "t:map('1 MiB'):touch { n = '2 MiB' }",
      "a:touch of 'area 1': n is 512, expected 1 to 256 pages after page 0"
    ),
    (
      "t:open('data'):read { write = true }",
      """
      f:read of 'data': unknown field 'write'; expected pattern, from, n, stride, count, repeat, \
      seed, scramble, pct, hot
      """
    ),
    (
      "t:map { file = 'data' }:touch()",
      "writing to a file is not built in the toy; a:touch writes unless it is told write = false"
    ),
    (
      "t:map { file = 'data' }:touch { write = true }",
      "writing to a file is not built in the toy"
    ),
    (
      "t:map('1 MiB'):advise 'freeze'",
      """
      bad argument #1 to 'a:advise': expected \"normal\", \"random\", \"sequential\", \
      \"willneed\", \"dontneed\", \"free\", \"cold\", \"pageout\", \"hugepage\", \"nohugepage\", \
      got \"freeze\"
      """
    ),
    (
      "t:map('1 MiB'):advise('cold', { from = 256 })",
      "a:advise of 'area 1': from is 256, expected 0 to 255"
    ),
    (
      "t:map('1 MiB'):lock { n = 0 }",
      "a:lock of 'area 1': n is 0, expected 1 to 256 pages after page 0"
    ),
    (
      "t:map('1 MiB'):unlock { len = 1 }",
      "a:unlock of 'area 1': unknown field 'len'; expected from, n"
    ),
    (
      "t:oom_score_adj(1001)",
      "bad argument #1 to 't:oom_score_adj': expected a whole number from -1000 to 1000, got 1001"
    ),
    ("t:set('a', {})", "bad argument #1 to 't:set': expected a cgroup, got \"a\""),
    (
      "t:set(cg, { swapmax = '1 MiB' })",
      "t:set of 'a': unknown field 'swapmax'; did you mean 'swap_max'?"
    ),
    (
      "t:set(cg, { max = '1 MB' })",
      """
      bad field 'max' in t:set of 'a': expected a size such as \"768 MiB\", or \"max\", got \
      \"1 MB\"
      """
    ),
    (
      "cg:set { max = '1 MiB' }",
      """
      cg:set stands outside of time: the main chunk may call it, the task 'worker' may not; a \
      task calls t:set(cg, { … })
      """
    ),
  ])
  func insideATask(_ body: String, _ message: String) {
    #expect(Scenario.task(body).failure == "s.lua:2: \(message) (in task 'worker')")
  }

  @Test func theKernelsNoIsAValue() {
    #expect(Scenario.task("print(t:map '2 GiB')").printed == "nil\tENOMEM\n")
    #expect(Scenario.task("print(t:map { file = 'none' })").printed == "nil\tENOENT\n")
  }

  @Test func anAreaBelongsToItsTask() {
    let s = Scenario(
      """
      local m = machine { like = 'toy.json' } local area
      m:spawn('a', function(t) area = t:map '1 MiB' end)
      m:spawn('b', function(t) t:sleep '1 ms'
        area:touch()
      end)
      m:run()
      """)
    #expect(
      s.failure
        == """
        s.lua:4: a:touch: this belongs to task 'a', and task 'b' is running (in task 'b')
        """)
  }
}
