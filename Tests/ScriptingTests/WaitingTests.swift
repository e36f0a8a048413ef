// SPDX-License-Identifier: Apache-2.0
// Signals, m:every, m:at, m:call, and how far m:run goes.

import Testing

@Suite struct WaitingTests {
  private static let boot = "local m = machine { like = 'toy.json' }\n"

  @Test func aSignalWakesWhoWaitsAndStaysGiven() {
    let s = Scenario(
      Self.boot
        + """
        m:spawn("late", function(t) t:sleep "5 ms" t:wait "warm" print("late", t:now()) end)
        m:spawn("early", function(t) t:wait "warm" print("early", t:now()) end)
        m:spawn("giver", function(t) t:sleep "2 ms" t:signal "warm" end)
        m:run()
        """)
    #expect(s.printed.hasPrefix("early\t2000000\nlate\t5000000\n"), "\(s.failure)")
  }

  @Test func aFailedCallIsTheCallersToCatch() {
    let s = Scenario(
      Self.boot
        + """
        local done = false
        m:spawn("other", function(t) t:sleep "5 ms" done = true end)
        print(pcall(m.call, m, function(t) error "first" end))
        print(pcall(m.call, m, function(t) t:sleep "1 ms" error "second" end))
        print(m:call(function(t) return "fine" end))
        m:run()
        print(done)
        """)
    #expect(s.report.failure == nil, "\(s.failure)")
    let lines = s.printed.split(separator: "\n")
    #expect(lines[0].hasPrefix("false\ts.lua:4: first (in task 'call at s.lua:4')"))
    #expect(lines[1].hasPrefix("false\ts.lua:5: second"))
    #expect(lines[2...] == ["fine", "true"])
  }

  @Test func aFailedCallThatNobodyCatchesEndsTheScenario() {
    let s = Scenario(Self.boot + "m:call(function(t) error 'no' end)\nprint 'never'")
    #expect(s.failure == "s.lua:2: no (in task 'call at s.lua:2')")
    #expect(s.report.failure?.traceback?.contains("s.lua:2") == true)
    #expect(!s.printed.contains("never"))
  }

  @Test func aWaitThatNobodySignalsIsTold() {
    let s = Scenario(
      Self.boot
        + """
        m:spawn("db", function(t) t:signal "wram" end)
        m:spawn("batch", function(t)
          t:wait "warm"
        end)
        m:run()
        """)
    #expect(s.failure == "s.lua:6: every task waits: 'batch' for signal 'warm' (line 4)")
  }

  @Test func oneWhoLooksOnMayGiveTheSignalForAMinute() {
    let waiting = Self.boot + "m:spawn('b', function(t) t:wait 'go' print(t:now()) end)\n"
    let given = Scenario(
      waiting + "m:every('1 s', function(t) if t:now() > 9e9 then t:signal 'go' end end) m:run()")
    #expect(given.printed.hasPrefix("10000000000\n"), "\(given.failure)")
    let silent = Scenario(waiting + "m:every('1 s', function(t) end) m:run()")
    #expect(silent.failure == "s.lua:3: every task waits: 'b' for signal 'go' (line 2)")
  }

  @Test func aRunWithATimeEndsWhoeverWaits() {
    let s = Scenario(
      Self.boot + "m:spawn('b', function(t) t:wait 'go' end) m:run '2 s' print(os.time())")
    #expect(s.printed.hasPrefix("2\n"), "\(s.failure)")
  }

  @Test func aTaskThatNeverEndsIsToldAfterADay() {
    let s = Scenario(
      Self.boot + "m:spawn('db', function(t) while true do\nt:sleep '10 s' end end)\nm:run()")
    #expect(
      s.failure
        == """
        s.lua:4: m:run: after a day of simulated time 'db' has not ended and is at line 3; \
        give m:run a time, as m:run "60 s"
        """)
  }

  @Test func whatLooksOnHoldsNoRunUp() {
    let s = Scenario(
      Self.boot
        + """
        m:every("1 s", function(t) print("look", t:now()) end)
        m:spawn("w", function(t) t:sleep "2500 ms" end)
        m:run()
        print "ended"
        m:run "1 s"
        """)
    #expect(
      s.printed.hasPrefix("look\t1000000000\nlook\t2000000000\nended\nlook\t3000000000\n"),
      "\(s.failure)")
  }

  @Test func whatIsDueOnceIsWaitedFor() {
    let s = Scenario(Self.boot + "m:at('3 s', function(t) print(t:now()) end) m:run() print 'e'")
    #expect(s.printed.hasPrefix("3000000000\ne\n"), "\(s.failure)")
  }

  @Test func aCallAnswersWhatItsFunctionDoes() {
    let s = Scenario(
      Self.boot
        + """
        print(m:call(function(t) t:sleep "1 ms" return 7, nil, "x", { 1 }, nil end))
        print(select("#", m:call(function(t) end)))
        m:spawn("slow", function(t) t:sleep "1 s" print "slow" end)
        print(m:call(function(t) t:sleep "1 ms" return t:now() end))
        m:run()
        """)
    #expect(
      s.printed.hasPrefix("7\tnil\tx\ttable\tnil\n0\n2000000\nslow\n"), "\(s.printed) \(s.failure)")
  }

  @Test func anErrorInACallIsTheScenarios() {
    let s = Scenario(Self.boot + "m:call(function(t)\nerror 'boom' end)")
    #expect(s.failure == "s.lua:3: boom (in task 'call at s.lua:2')")
  }

  @Test func aTaskCanEndItself() {
    let s = Scenario.task(
      "local x <close> = setmetatable({}, { __close = function() print 'closed' end }) "
        + "t:exit() print 'on'"
    )
    #expect(s.printed.hasPrefix("closed\n") && !s.printed.contains("on\n"), "\(s.failure)")
  }

  @Test func twoSnapshotsHaveADifference() {
    let s = Scenario(
      Self.boot
        + """
        local before = m:snapshot()
        m:spawn("w", function(t) t:open "data":read { n = 5 } t:sleep "1 ms" end)
        m:run()
        local d = m:snapshot() - before
        print(d.vmstat.pgfault, d.cgroups["/"].stat.pgfault, d.at > 1000000)
        print(pcall(function() return before - d end))
        print(pcall(function() return before - 1 end))
        """)
    #expect(s.printed.hasPrefix("5\t5\ttrue\n"), "\(s.failure)")
    #expect(s.printed.contains("expected later - earlier, two snapshots, got a snapshot - 1"))
  }

  @Test func timeSpentIsTold() {
    let s = Scenario(
      Self.boot
        + """
        local w = m:spawn("w", function(t) t:compute "2 ms" t:sleep "3 ms" end)
        m:run()
        print(w.time.running, w.time.waiting, w.time.reclaiming)
        """)
    #expect(s.printed.hasPrefix("2000000\t3000000\t0\n"), "\(s.failure)")
  }

  @Test func aTriggerIsWaitedForInTheKernel() {
    let s = Scenario.task(
      "print(t:wait(cg:trigger { on = 'full', stall = '50 ms' })) "
        + "t:wait(cg:trigger { on = 'events' })"
    )
    #expect(s.printed.hasPrefix("true\n"), "\(s.failure)")
    let asked = s.toys[0].log.filter { $0.contains("await") }
    #expect(asked.count == 2 && asked[0].contains("isFull: true") && asked[1].contains("Events"))
  }

  @Test(arguments: [
    (
      "cg:trigger {}",
      "bad field 'on' in cg:trigger of 'a': expected \"some\", \"full\" or \"events\", "
        + "got nothing"
    ),
    (
      "cg:trigger { on = 'some' }",
      "bad field 'stall' in cg:trigger of 'a': expected a time such as \"100 ms\", got nothing"
    ),
    (
      "cg:trigger { on = 'some', stall = '1 ms', window = '1 ms' }",
      "cg:trigger of 'a': the window is expected to be 500 ms to 10 s"
    ),
    (
      "cg:trigger { on = 'events', stall = '1 ms' }",
      "cg:trigger of 'a': field 'stall' goes with on = \"some\" or \"full\""
    ),
  ])
  func aMistakenTriggerIsTold(_ script: String, _ message: String) {
    let s = Scenario.task("print(\(script))")
    #expect(s.failure == "s.lua:2: \(message) (in task 'worker')")
  }

  @Test func whatIsNotBuiltIsRefusedByName() {
    let refusals = [
      ("m.dirty_limit", "a machine has no 'dirty_limit' yet: dirty pages are not built"),
      ("bind(0)", "bind is not built yet: memory policies come with machines of several nodes"),
    ]
    for (script, message) in refusals {
      #expect(Scenario(Self.boot + "print(\(script))").failure == "s.lua:2: " + message)
    }
    #expect(
      Scenario.task("t:open('data'):write {}").failure
        == "s.lua:2: a file has no 'write' yet: writing to files needs dirty pages, which are "
        + "not built (in task 'worker')")
  }
}
