// SPDX-License-Identifier: Apache-2.0
// Mistakes that newcomers make, and the exact words they are told.

import Testing

@Suite struct MistakeTests {
  private static let boot = "local m = machine { like = 'toy.json' } "

  @Test(arguments: [
    (
      "machine { lkie = 'toy.json' }",
      "s.lua:1: machine: unknown field 'lkie'; did you mean 'like'?"
    ),
    (
      "machine { color = 'red' }",
      "s.lua:1: machine: unknown field 'color'; expected like, kernel, memory, nodes, "
        + "disks, files, directories, swap, sysctl, memory_recursiveprot, seed, trace"
    ),
    (
      "machine { like = 'absent.json' }",
      "s.lua:1: machine: there is no 'absent.json' beside the scenario"
    ),
    (
      "machine 'toy.json'",
      "s.lua:1: bad argument #1 to 'machine': expected a table of fields, got \"toy.json\""
    ),
    (
      "machine { like = 'toy.json', files = { log = 'lots' } }",
      """
      s.lua:1: bad field 'log' in files of the machine: expected a size such as \"768 MiB\", \
      got \"lots\"
      """
    ),
  ])
  func ofMakingAMachine(_ script: String, _ message: String) {
    #expect(Scenario(script).failure == message)
  }

  @Test(arguments: [
    (
      "m:cgroup { name = 'db', memory = { max = 'lots' } }",
      """
      bad field 'max' in cgroup 'db': expected a size such as \"768 MiB\", or \"max\", got \
      \"lots\"
      """
    ),
    (
      "m:cgroup { name = 'db', memory = { max = '32' } }",
      """
      bad field 'max' in cgroup 'db': expected a size such as \"768 MiB\", or \"max\", got \
      \"32\", which has no unit
      """
    ),
    (
      "m:cgroup { name = 'db', memory = { mxa = '32 MiB' } }",
      "cgroup 'db': unknown field 'mxa'; did you mean 'max'?"
    ),
    (
      "m:cgroup { name = 'db', memory = '32 MiB' }",
      "bad field 'memory' in cgroup 'db': expected a table of fields, got \"32 MiB\""
    ),
    (
      "m:cgroup { memory = {} }",
      "bad field 'name' in m:cgroup: expected a name without '/', got nothing"
    ),
    (
      "m:cgroup { name = 'db' } m:cgroup { name = 'db' }",
      "m:cgroup: there is a cgroup 'db' already"
    ),
    (
      "m:cgroup { name = 'db', memory = { min = '1 MiB' } }",
      "cgroup 'db': memory.min is not built in the toy"
    ),
    (
      "m:cgroup { name = 'db', parent = m }",
      "bad field 'parent' in cgroup 'db': expected a cgroup, got a machine"
    ),
    ("m:run(true)", "bad argument #1 to 'm:run': expected a time such as \"10 ms\", got true"),
    (
      "m:run '60'",
      "bad argument #1 to 'm:run': expected a time such as \"10 ms\", got \"60\", which has no unit"
    ),
    (
      "for _ = 1, 4 do m:run(1 << 61) end",
      """
      bad argument #1 to 'm:run': expected a time within the 292 years that simulated time has, \
      got 2305843009213693952
      """
    ),
    ("m:run('1 s', 2)", "m:run: expected at most 1 argument, got 2"),
    ("m.run('1 s')", "m:run: call it with a colon, as m:run(…); it was called on \"1 s\""),
    ("m:rnu()", "a machine has no 'rnu'; did you mean 'run'?"),
    (
      "return m:vmstat().pgscan_drect",
      "vmstat has no 'pgscan_drect'; did you mean 'pgscan_direct'?"
    ),
    ("m:spawn('w', {}, 3)", "bad argument #3 to 'm:spawn': expected the task's function(t), got 3"),
    (
      "m:spawn('w', { policy = 1 }, print)",
      "task 'w': field 'policy' comes with machines of several nodes"
    ),
    ("expect('it works')", "bad argument #2 to 'expect': expected true or false, got nothing"),
    (
      "size '12 parsecs'",
      "bad argument #1 to 'size': expected a size such as \"768 MiB\", got \"12 parsecs\""
    ),
    ("span(-1)", "bad argument #1 to 'span': expected a time such as \"10 ms\", got -1"),
    (
      "m:note('x', {})",
      "bad argument #2 to 'm:note': expected a string, a number, true, false, "
        + "or a list of these, got a table"
    ),
    ("m:trace_events()", "m:trace_events: no events were kept; make the machine with trace = true"),
  ])
  func outsideOfTime(_ script: String, _ message: String) {
    #expect(Scenario(Self.boot + script).failure == "s.lua:1: " + message)
  }

  @Test(arguments: [
    (
      "t:open('data'):read { patern = 'seq' }",
      "f:read of 'data': unknown field 'patern'; did you mean 'pattern'?"
    ),
    (
      "t:open('data'):read { pattern = 'zip' }",
      """
      bad field 'pattern' in f:read of 'data': expected \"seq\", \"rev\", \"next\", \"rand\", \
      \"zipf\", \"hot\", got \"zip\"
      """
    ),
    (
      "t:open('data'):read { n = '5 MiB' }",
      "f:read of 'data': n is 1280, expected 1 to 1024 pages after page 0"
    ),
    (
      "t:open('data'):read { pct = 5 }",
      "f:read of 'data': field 'pct' belongs to hot, not to pattern 'seq'"
    ),
    (
      "t:open('data'):read { pattern = 'hot', hot = 3 }",
      "bad field 'pct' in f:read of 'data': expected a percentage, 0 to 100, got nothing"
    ),
    (
      "t:open('data'):advise 'fast'",
      """
      bad argument #1 to 'f:advise': expected \"normal\", \"random\", \"sequential\", \
      \"willneed\", \"dontneed\", \"noreuse\", got \"fast\"
      """
    ),
    ("t:open('data'):advise 'noreuse'", "noreuse is not built in the toy"),
    (
      "t:open('data'):read { pattern = 'rand', count = '9 TiB', ['repeat'] = 1 << 21 }",
      "bad field 'repeat' in f:read of 'data': expected at most 1048576, got 2097152"
    ),
    ("t:sleep()", "bad argument #1 to 't:sleep': expected a time such as \"10 ms\", got nothing"),
    (
      "t:sleep('10')",
      """
      bad argument #1 to 't:sleep': expected a time such as \"10 ms\", got \"10\", which has \
      no unit
      """
    ),
    ("t:reclaim('a', '8 MiB')", "bad argument #1 to 't:reclaim': expected a cgroup, got \"a\""),
    (
      "m:run()",
      "m:run stands outside of time: the main chunk may call it, the task 'worker' may not"
    ),
    (
      "m:spawn('x', print)",
      "m:spawn stands outside of time: the main chunk may call it, the task 'worker' may not"
    ),
    (
      """
      local _, why = coroutine.resume(coroutine.create(function() t:sleep '1 s' end)) \
      error(why, 0)
      """,
      """
      t:sleep cannot wait inside a coroutine of the scenario's own; yield to the task and \
      call it there
      """
    ),
    (
      "('x'):gsub('x', function() t:sleep '1 s' end)",
      "t:sleep cannot wait here: a library function, a metamethod or a closing variable is running"
    ),
    (
      "coroutine.yield()",
      "coroutine.yield in a task's own function yields to nobody; use t:sleep to wait"
    ),
    (
      "t:alloc_pages(11)",
      "bad argument #1 to 't:alloc_pages': expected an order from 0 to 10: 2^order page frames, "
        + "got 11"
    ),
    (
      "t:alloc_pages(1, 'GFP_KERNEL|__GFP_NORETRI')",
      "t:alloc_pages: no flag is called '__GFP_NORETRI'; did you mean '__GFP_NORETRY'?"
    ),
    (
      "local b = t:alloc_pages(1); b:free() b:free()",
      "b:free: the block at page frame 4096 was given back before"
    ),
    ("local x = nil; x.y = 1", "attempt to index a nil value (local 'x')"),
  ])
  func insideATask(_ body: String, _ message: String) {
    #expect(Scenario.task(body).failure == "s.lua:2: \(message) (in task 'worker')")
  }

  @Test func aTaskCalledFromTheMainChunkSaysWhereItBelongs() {
    let s = Scenario(
      Self.boot + "local t = m:spawn('w', function(t) end)\nt:sleep '1 s'")
    #expect(
      s.failure
        == """
        s.lua:2: t:sleep stands inside of time: only a task may call it, in the function \
        given to m:spawn
        """
    )
  }

  @Test func aTaskCalledFromAnotherTaskSaysWhoseItIs() {
    let s = Scenario(
      Self.boot
        + """
        local a = \
        m:spawn('a', function(t) t:sleep '1 s' end)\nm:spawn('b', function(t)\n\
        a:sleep '1 s' end)\nm:run()
        """
    )
    #expect(
      s.failure
        == "s.lua:3: t:sleep: this belongs to task 'a', and task 'b' is running (in task 'b')")
  }

  @Test func anErrorDeepInATaskHasFileLineAndTraceback() {
    let s = Scenario(
      Self.boot
        + """
        \nlocal function deep()\n  \
        error('boom')\nend\nm:spawn('w', function(t)\n  t:sleep '1 ms'\n  deep()\nend)\nm:run()
        """
    )
    #expect(s.failure == "s.lua:3: boom (in task 'w')")
    #expect(s.report.failure?.traceback?.contains("s.lua:7: in function") == true)
  }

  @Test func catchingATasksFailureDoesNotMakeTheScenarioPass() {
    let s = Scenario(Self.boot + "m:spawn('w', function(t) error('boom', 0) end) pcall(m.run, m)")
    #expect(s.failure == "boom (in task 'w')")
    #expect(!s.report.passed)
  }

  @Test func aSyntaxErrorHasItsLine() {
    #expect(Scenario("\n\nlocal = 1").failure == "s.lua:3: <name> expected near '='")
  }

  @Test func aRunThatTheKernelEndedFails() {
    let body = "t:open('data'):advise 'dontneed'"
    #expect(Scenario.task(body).failure == "s.lua:3: reclaim of the whole machine is not built yet")
    let swallowed = Scenario(
      Self.boot + "m:spawn('w', function(t) \(body) end) pcall(m.run, m)")
    #expect(swallowed.failure == "s.lua: reclaim of the whole machine is not built yet")
  }
}
