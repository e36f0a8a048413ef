// SPDX-License-Identifier: Apache-2.0
// Scenarios that work, against a toy.

import Scripting
import Testing

@Suite struct ScenarioTests {
  @Test func tasksTakeTurnsInSimulatedTime() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      for i = 1, 2 do
        m:spawn("w" .. i, function(t)
          for k = 1, 2 do t:sleep(span "1 ms" * i) print(i, k, t:now()) end
        end)
      end
      m:run "10 ms"
      print("outside", os.clock())
      """)
    #expect(s.failure == "it did not fail")
    #expect(
      s.printed == "1\t1\t1000000\n2\t1\t2000000\n1\t2\t2000000\n2\t2\t4000000\noutside\t0.01\n")
    #expect(s.output.hasPrefix("seed 1   kernel toy   machine 1 page\n"))
  }

  @Test func operationsReachTheBackendAsTheyWereWritten() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json", files = { zeta = "1 MiB", alpha = 8192 } }
      local a = m:cgroup { name = "a", memory = { max = "32 MiB" } }
      local b = m:cgroup { name = "b", parent = a, memory = { max = "max" } }
      m:spawn("w", { cgroup = b }, function(t)
        local f = t:open "data"
        f:advise("random", { from = 2, n = "8 KiB" })
        f:read { pattern = "zipf", n = "4 MiB", count = 7, seed = 2, scramble = 1 }
        f:read()
        t:move(a)
        print(t:reclaim(a, "16 KiB"))
        print(t:reclaim(a, "8 MiB"))
        print(t:open "nothing")
        print(t:compute "2 us", f.size, f.name, b.path)
      end)
      m:run()
      print(a:current(), a:stat().file, a:stat().pgfault, a:events().max, m:vmstat().pgfault)
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.toys[0].files.map(\.name) == ["data", "alpha", "zeta"])
    #expect(s.toys[0].files.map(\.size.count) == [1024, 2, 256])
    #expect(
      s.toys[0].log.map { $0.replacing("UAPI.", with: "") } == [
        "cgroup a [CgroupSetting.max(Optional(Pages(count: 8192)))]",
        "cgroup a/b [CgroupSetting.max(nil)]",
        "w: open(file: \"data\")",
        "w: adviseFile(file: \"data\", FileAdvice.random, from: 2, length: Optional(2))",
        """
        w: \
        read(file: \"data\", AccessPattern(shape: AccessPattern.Shape.zipf(scramble: true), \
        from: 0, length: Optional(1024), stride: 1, count: Optional(7), \
        repetitions: 1, seed: Optional(2)))
        """,
        """
        w: \
        read(file: \"data\", AccessPattern(shape: AccessPattern.Shape.sequential, from: 0, \
        length: nil, stride: 1, count: nil, repetitions: 1, seed: nil))
        """,
        "w: enter(path: \"a\")",
        "w: reclaim(path: \"a\", Pages(count: 4), swappiness: nil)",
        "w: reclaim(path: \"a\", Pages(count: 2048), swappiness: nil)",
        "w: open(file: \"nothing\")",
        "w: compute(Timeline.Nanoseconds(count: 2000))",
      ])
    #expect(
      s.printed
        == """
        4\nnil\tEAGAIN\nnil\tENOENT\ntrue\t4194304\tdata\ta/b\n4222976\t4222976\t1031\t0\t1031\n
        """
    )
  }

  @Test func theKernelsNoIsAValue() {
    let s = Scenario.task("print(t:open('data'):read { pattern = 'rand', count = 1000001 })")
    #expect(s.printed == "nil\tENOMEM\n")
  }

  @Test func aYieldCrossesPcallAndSortAndIterators() {
    let s = Scenario.task(
      """
      print(pcall(function() t:sleep '1 ms' return t:now() end)) \
      local order = { 3, 1, 2 } table.sort(order, function(a, b) t:sleep(1000) return a < b end) \
      print(order[1], order[2], order[3], t:now()) \
      local function count(_, n) t:sleep '1 ms' if (n or 0) < 2 then return (n or 0) + 1 end end
      for n in count do io.write(n, ' ') end
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.printed == "true\t1000000\n1\t2\t3\t1003000\n1 2 ")
  }

  @Test func generatorsOfTheAuthorWorkInsideTasks() {
    let s = Scenario.task(
      """
      local function squares(n)
        return coroutine.wrap(function() for i = 1, n do coroutine.yield(i * i) end end)
      end
      for x in squares(3) do t:sleep '1 ms' print(x, t:now()) end
      """)
    #expect(s.printed == "1\t1000000\n4\t2000000\n9\t3000000\n")
  }

  @Test func marksTellWhatWasSeen() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      local a = m:cgroup { name = "a" }
      m:spawn("w", { cgroup = a }, function(t)
        t:open("data"):read { n = 5 } t:mark "one" t:open("data"):read { n = 2 } t:mark "two"
      end)
      m:run()
      for i, mark in ipairs(m:marks()) do
        local a = mark.cgroups.a
        print(i, mark.name, mark.at, mark.vmstat.pgfault, a.stat.pgfault, a.current)
      end
      """)
    #expect(s.printed == "1\tone\t5\t5\t5\t20480\n2\ttwo\t7\t7\t7\t28672\n")
  }

  @Test func traceEventsHaveTheirFields() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json", trace = true }
      for _, e in ipairs(m:trace_events()) do print(e.at, e.name, e.nr_reclaimed, e.text) end
      """)
    #expect(s.printed == "0\tmm_vmscan_memcg_reclaim_end\t32\tnr_reclaimed=32\n")
  }

  @Test func theReportTellsWhoWasKilledAndWhy() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      m:spawn("victim", function(t) t:sleep "2 ms" t:open("data"):advise "normal" end)
      m:spawn("other", function(t) t:sleep "3 ms" end)
      m:run()
      """)
    #expect(s.report.text.contains("victim  killed"))
    #expect(
      s.report.text.contains("\ntask victim was killed after 2 ms: the toy's memory is full\n"))
    #expect(!s.report.text.contains("task other was killed"))
  }

  @Test func theReportTellsTasksCountersExpectationsAndTheDigest() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      local a = m:cgroup { name = "a" }
      local function body(t) t:open("data"):read { n = 5 } t:compute "3 us" end
      local task = m:spawn("reader", { cgroup = a }, body)
      print(task.state) m:run() print(task.state)
      m:note("ratio", 0.5)
      expect("it read", m:vmstat().pgfault == 5)
      expect("it read more",
        m:vmstat().pgfault > 5)
      """)
    #expect(s.printed == "running\ndone\n")
    #expect(!s.report.passed)
    #expect(s.report.failure == nil)
    #expect(
      s.report.text.replacing(/digest [0-9a-f]{16}/, with: "digest X") == """

        task      state   CPU  of it reclaiming
          reader  done   3 us              0 ns

        vmstat (pages, events; pgpgin, pgpgout in KiB)  change  now
          pgfault                                           +5    5

        cgroup a               bytes  events
          memory.current       20480
          memory.swap.current   8192
          file                 20480
          pgfault                          5

        note
          ratio  0.5

        expected
          holds   it read
          FAILED  it read more  (s.lua:8)

        digest X   3 events   0.000 s simulated

        """)
  }

  @Test func aKilledTaskClosesItsVariablesAndSaysSo() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      local w = m:spawn("w", function(t)
        local x <close> = setmetatable({}, { __close = function() print "closed" end })
        t:open("data"):advise "normal"
      end)
      m:run()
      print(w.state)
      """)
    #expect(s.printed == "closed\nkilled\n")
    #expect(s.report.passed)
  }

  @Test func aTaskStillWaitingAtTheEndIsUnwound() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      m:spawn("w", function(t)
        local x <close> = setmetatable({}, { __close = function() print "closed" end })
        t:sleep "1 min"
      end)
      m:run "1 s"
      """)
    #expect(s.printed == "closed\n")
  }

  @Test func whatLuaTakesForGlobalsIsThere() {
    let s = Scenario("print(arg[0], arg[1], #arg, kernel)", arguments: ["x", "y"])
    #expect(s.output == "seed 1\ns.lua\tx\t2\tnil\n")
    #expect(Scenario("#!/usr/bin/env reclaimlua\nerror 'two'").failure == "s.lua:2: two")
    #expect(
      Scenario("print(require('lib.half').half(9), require 'lib.half' == require 'lib.half')")
        .printed == "4\ttrue\n")
    #expect(
      Scenario("require 'none'").failure
        == "s.lua:1: require: there is no 'none.lua' beside the scenario")
  }

  @Test func aTasksBudgetEndsTheScenario() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      m:spawn("w", function(t) while true do pcall(function() while true do end end) end end)
      m:run()
      """, budget: .init(instructions: 100_000, memory: 64 << 20))
    #expect(
      s.failure
        == """
        s.lua:2: the script's budget of 100000 instructions is spent: it ran that long \
        without giving the machine a turn (in task 'w')
        """
    )
  }

  @Test func theSameSeedGivesTheSameRun() {
    let text = """
      local m = machine { like = "toy.json" }
      local function body(t) for _ = 1, 20 do t:sleep(math.random(1000)) end end
      for i = 1, 5 do m:spawn("w" .. i, body) end
      m:run()
      """
    let runs = (0..<3).map { _ in Scenario(text, seed: 7).report.text }
    #expect(runs[0] == runs[1] && runs[1] == runs[2])
    #expect(runs[0] != Scenario(text, seed: 8).report.text)
  }

  @Test func anyAllocationOfAScenarioMayBeRefused() {
    let text = """
      local m = machine { like = "toy.json" }
      local a = m:cgroup { name = "a", memory = { max = "1 MiB" } }
      m:spawn("w", { cgroup = a }, function(t)
        local f = t:open "data"
        local ok, why = pcall(f.read, f, { pattern = "zip" })
        f:read { pattern = "rand", count = 3 } t:mark "one"
        local words = { why, "b" } table.sort(words)
      end)
      m:run()
      for k, v in pairs(m:marks()[1].cgroups.a.stat) do if v > 0 then print(k, v) end end
      expect("it read", a:stat().pgfault == 3)
      """
    let whole = Scenario(text)
    #expect(whole.report.passed)
    #expect(whole.allocations > 30)
    var refused = 0
    for n in 1...whole.allocations {
      let s = Scenario(text, refusing: n)
      if let failure = s.report.failure {
        refused += 1
        #expect(failure.text.contains("memory budget of 512 MiB is spent"), "\(n)")
      } else {
        #expect(s.report.passed, "\(n)")
      }
    }
    #expect(refused > Int(whole.allocations) / 2)
  }

  @Test func nothingOfARunOutlivesIt() {
    weak var toy: ToyBackend?
    do {
      let s = Scenario(
        """
        local m = machine { like = "toy.json" }
        local cg = m:cgroup { name = "a" }
        m:spawn("done", { cgroup = cg }, function(t) kept = t:open "data" kept:read() end)
        m:spawn("waits", function(t) t:sleep "1 min" end)
        m:run "1 s"
        m:spawn("never begins", function(t) print "begun" end)
        """)
      toy = s.toys[0]
      #expect(
        s.failure == "s.lua:6: task 'never begins' never began: no m:run comes after its m:spawn")
      #expect(s.printed == "")
    }
    #expect(toy == nil)
  }
}
