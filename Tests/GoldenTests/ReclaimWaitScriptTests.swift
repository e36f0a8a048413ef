// SPDX-License-Identifier: Apache-2.0
// Scenarios that make reclaim wait, one for each reason (reference 02 §2.6; 04 §§4.5, 4.6; 12
// §12.3): little memory that can be reclaimed, and a swap device that takes its time.
//
// One reason is out of reach: congested. It needs dirty pages of files; swap-backed pages never
// count as dirty there (reference 07 §7.2), and no file has a dirty page on a machine of today.

import Testing

@Suite struct ReclaimWaitScriptTests {
  /// Runs tasks that compete for what a locked area leaves of 128 MiB, and prints how often each
  /// wait was told of and how long the shortest was.
  private static func waits(
    _ kernel: String, locked: String?, tasks: Int, each: String, depth: Int, latency: String,
    run: String = "2 s"
  ) throws -> Command {
    let script = """
      local m = machine { memory = "128 MiB", trace = true,
        swap = { size = "256 MiB", on = "null", latency = "\(latency)", depth = \(depth) } }
      \(locked.map { lock($0) } ?? "")
      for k = 1, \(tasks) do
        m:spawn("t" .. k, function(t)
          local area = t:map("\(each)")
          for _ = 1, 3 do
            area:touch()
            t:sleep "5 ms"
          end
        end)
      end
      m:run("\(run)")
      local count, shortest, immediate = {}, {}, 0
      for _, e in ipairs(m:trace_events()) do
        local reason = e.text:match "reason=VMSCAN_THROTTLE_(%u+)"
          or e.name:match "^writeback_(.+)"
        if reason then
          count[reason] = (count[reason] or 0) + 1
          local slept = tonumber(e.text:match "delayed=(%d+)")
          shortest[reason] = math.min(shortest[reason] or slept, slept)
        end
        if e.name == "mm_vmscan_lru_shrink_inactive" and e.nr_immediate > 0 then
          immediate = immediate + 1
        end
      end
      for reason, n in pairs(count) do print("waited", reason, n > 0, shortest[reason]) end
      local v = m:vmstat()
      print("kswapd met them again", immediate > 0)
      print("for the reserve", v.pgscan_direct_throttle > 0)
      """
    let run = try Command(["--kernel", kernel, "--paranoid", "-e", script])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(!run.output.contains("CONGESTED") && !run.output.contains("wait_iff"))
    return run
  }

  private static func lock(_ size: String) -> String {
    """
    m:spawn("locker", function(t)
      t:oom_score_adj(-1000)
      t:map("\(size)"):lock()
      t:sleep "1 min"
    end)
    m:run "1 s"
    """
  }

  /// kswapd finds nothing but what it has met before and is being written; writes end its wait.
  @Test func kswapdWaitsForWriteback() throws {
    let run = try Self.waits(
      "6.1", locked: "50 MiB", tasks: 1, each: "30 MiB", depth: 64, latency: "100 ms")
    #expect(run.output.contains("kswapd met them again\ttrue"), "\(run.output)")
    let line = try #require(run.output.split(separator: "\n").first { $0.contains("WRITEBACK") })
    let shortest = try #require(line.split(separator: "\t").last.flatMap { Int($0) })
    #expect(shortest > 0 && shortest < 100_000, "nobody was woken early: \(line)")
  }

  /// Before there were reasons it slept a tenth of a second.
  @Test func oldKswapdWaitsForCongestion() throws {
    let run = try Self.waits(
      "5.10", locked: "54 MiB", tasks: 1, each: "30 MiB", depth: 1024, latency: "500 ms",
      run: "5 s")
    #expect(run.output.contains("kswapd met them again\ttrue"), "\(run.output)")
    #expect(run.output.contains("waited\tcongestion_wait\ttrue\t100000"), "\(run.output)")
  }

  /// Forty reclaimers hold a batch each; and who looked at everything in vain waits a tick.
  @Test func reclaimersWaitForOneAnother() throws {
    let run = try Self.waits(
      "6.1", locked: "52 MiB", tasks: 40, each: "1 MiB", depth: 1, latency: "50 ms")
    #expect(run.output.contains("waited\tISOLATED\ttrue"), "\(run.output)")
    #expect(run.output.contains("waited\tNOPROGRESS\ttrue"), "\(run.output)")
  }

  /// An old allocation that reclaimed nothing waits before it tries again.
  @Test func anOldAllocationWaitsBeforeItTriesAgain() throws {
    let run = try Self.waits(
      "5.10", locked: "52 MiB", tasks: 40, each: "1 MiB", depth: 1, latency: "50 ms")
    #expect(run.output.contains("kswapd met them again\tfalse"), "\(run.output)")
    #expect(run.output.contains("waited\tcongestion_wait\ttrue\t100000"), "\(run.output)")
  }

  /// While less than half of the min marks' reserve is free direct reclaim waits for kswapd.
  @Test(arguments: ["5.10", "6.1"])
  func directReclaimLeavesTheReserveToKswapd(kernel: String) throws {
    let run = try Self.waits(
      kernel, locked: nil, tasks: 6, each: "30 MiB", depth: 4, latency: "20 ms")
    #expect(run.output.contains("for the reserve\ttrue"), "\(run.output)")
  }
}
