// SPDX-License-Identifier: Apache-2.0
// m:watch samples while time passes, changes nothing, and holds nobody up; what can be got wrong.

import Scripting
import Testing

@Suite struct WatchTests {
  private static func run(_ gauges: String, _ rest: String) -> Scenario {
    Scenario(
      """
      local m = machine { like = "toy.json" } local cg = m:cgroup { name = "a" }
      m:watch { \(gauges) }
      m:spawn("w", function(t)
        local f = t:open "data"
        for _ = 1, 3 do f:read { n = 100 } t:sleep "1 ms" end
      end)
      \(rest)
      """)
  }

  @Test func samplesStandAtTheirDistanceAndTheLastTaskEndsThem() {
    let s = Self.run(#""pgfault", "a.current", "a.pgfault", every = "1 ms""#, "m:run()")
    #expect(s.failure == "it did not fail")
    let watch = s.report.report.machines[0].watches[0]
    #expect(watch.at.dropLast() == [0, 1_000_000, 2_000_000, 3_000_000])
    #expect(watch.at.last! < 4_000_000)
    #expect(watch.series[0].values == [0, 100, 200, 300, 300])
    #expect(watch.series[1].values.last == 300 * 4096 && watch.series[1].unit == "bytes")
    #expect(watch.series[2].unit == "events")
  }

  @Test func aRunToAnEndIsSampledToItsEnd() {
    let s = Self.run(#""pgfault", every = "10 ms""#, #"m:run "35 ms" m:run() m:run "10 ms""#)
    #expect(s.failure == "it did not fail")
    let at = s.report.report.machines[0].watches[0].at
    #expect(at == [0, 10_000_000, 20_000_000, 30_000_000, 35_000_000, 45_000_000])
  }

  @Test func aWatchedRunIsTheSameRun() {
    let plain = Self.run(#""pgfault", every = "60 s""#, "m:run()")
    let close = Self.run(#""pgfault", every = "10 us""#, "m:run()")
    #expect(plain.report.report.digest == close.report.report.digest)
    #expect(plain.report.report.simulated == close.report.report.simulated)
  }

  @Test(arguments: [
    (#""pgfalt""#, "'pgfalt' is no name of vmstat; did you mean 'pgfault'?"),
    (#""a.curent""#, "'curent' is no name of a cgroup; did you mean 'current'?"),
    (#""b.current""#, "gauge 'b.current': there is no cgroup 'b'; made: a"),
    (#"every = "1 s""#, "expected the name of a gauge at least, got none"),
    (#""pgfault", every = "0 s""#, "expected more than no time"),
    (#""pgfault", each = "1 s""#, "m:watch: unknown field \"each\""),
    ("7", "m:watch: gauge 1: expected a name, got 7"),
  ]) func aMistakeIsNamed(_ gauges: String, _ words: String) {
    let s = Self.run(gauges, "m:run()")
    #expect(s.failure.hasPrefix("s.lua:2: ") && s.failure.contains(words), "\(s.failure)")
  }

  @Test func aRunWithoutEndEndsWithTheEventsThatWereAllowed() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      m:spawn("w", function(t) while true do t:sleep "1 ms" end end)
      print(pcall(m.run, m))
      m:run "1 s"
      """, limits: RunLimits(events: 50))
    #expect(s.printed.hasPrefix("false\ts.lua:3: m:run: 50 events have happened in 50 ms of"))
    #expect(s.failure.hasPrefix("s.lua:4: m:run: 50 events have happened"))
    #expect(s.report.report.machines[0].tasks[0].state == "running")
  }
}
