// SPDX-License-Identifier: Apache-2.0
// Mistakes that tasks make with memory and limits, and the exact words they are told.

import Testing

@Suite struct AreaMistakeTests {
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
      "t:drop_caches(4)",
      "bad argument #1 to 't:drop_caches': expected 1 (page cache), 2 (slab) or 3 (both), got 4"
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

  @Test func whoOverlooksTheKernelsNoIsToldOfIt() {
    #expect(
      Scenario.task("t:open('dtaa'):read()").failure
        == "s.lua:2: attempt to index a nil value; just before, t:open answered ENOENT "
        + "(in task 'worker')")
    #expect(
      Scenario.task("t:open('dtaa') t:sleep(1) local x; x.y = 1").failure
        == "s.lua:2: attempt to index a nil value (local 'x') (in task 'worker')")
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
