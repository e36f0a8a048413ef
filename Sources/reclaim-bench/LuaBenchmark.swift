// SPDX-License-Identifier: Apache-2.0
// What Lua adds: a coroutine that goes on and suspends itself, and an operation that a task of a
// scenario asks of a small machine.
//
// The operations are asked as a scenario asks them, through the sandbox, the checks of their
// arguments, the fiber, and the machine's front door; they find nothing to wait for.

import Lua
import ReclaimEngine
import Scripting
import Timeline
import UAPI

struct LuaBenchmark: Benchmark {
  let name = "lua"

  func measure(_ settings: Settings, _ report: inout Report) {
    let times = settings.items / 4
    report.add(
      "Lua, resume and yield",
      median(rounds: settings.rounds) { Self.resumption(times) }, target: .nanoseconds(200))
    for (what, call, most) in [
      ("method", "t:now()", 300.0), ("operation, no page", "t:compute(100)", nil),
      ("operation, one page", "a:touch(page)", nil),
    ] {
      report.add(
        "Lua, \(what)", median(rounds: settings.rounds) { Self.operation(call, times) },
        target: most.map { .nanoseconds($0) })
    }
  }

  /// A coroutine that asks over and over, and is answered.
  private static func resumption(_ times: Int) -> Double {
    final class Kept { var coroutine: LuaCoroutine? }
    let state = LuaState(budget: LuaBudget())
    let kept = Kept()
    state.setGlobal("drive") { call throws(LuaError) in
      guard case .function(let body) = call[1] else { throw LuaError("drive wants a function") }
      kept.coroutine = call.makeCoroutine(body)
      return .nothing
    }
    state.setGlobal("ask") { _ throws(LuaError) in .suspend }
    do throws(LuaError) {
      try state.run("drive(function() while true do ask() end end)", name: "bench.lua")
    } catch {
      fatalError(error.text)
    }
    guard let coroutine = kept.coroutine else { fatalError("nothing to resume") }
    defer { _ = coroutine.close() }
    return nanosecondsPerItem(times) {
      for _ in 0..<times {
        guard case .suspended = coroutine.resume(with: [.boolean(true)]) else {
          fatalError("the coroutine has ended")
        }
      }
    }
  }

  /// A task that makes the call over and over; what its loop costs besides is part of it.
  private static func operation(_ call: String, _ times: Int) -> Double {
    let scenario = """
      local m = machine { like = "small" }
      m:spawn("t", function(t)
        local a, page = t:map("64 KiB"), { n = 1 }
        for _ = 1, 1000 do \(call) end
        local start = bench_now()
        for _ = 1, \(times) do \(call) end
        bench_done(bench_now() - start)
      end)
      m:run()
      """
    var nanoseconds = Double.nan
    let outside = ScenarioOutside(write: { _ in }) { _ in
      do throws(BootError) {
        let zone = ZoneSpec(kind: .normal, managed: 16 * 1024)
        let spec = MachineSpec(kernel: "6.1", nodes: [NodeSpec(zones: [zone])])
        return .success(
          MadeMachine(backend: try Machine(spec), kernel: "6.1", description: "64 MiB"))
      } catch {
        return .failure(MachineProblem(error.message))
      }
    }
    let host = ScenarioHost(name: "bench.lua", outside: outside)
    host.state.setGlobal("bench_now") { _ throws(LuaError) in
      .values([.integer(Int64(nanosecondsNow()))])
    }
    host.state.setGlobal("bench_done") { call throws(LuaError) in
      guard case .integer(let taken) = call[1] else { throw LuaError("no time was taken") }
      nanoseconds = Double(taken) / Double(times)
      return .nothing
    }
    let report = host.run(scenario)
    if let failure = report.failure { fatalError(failure.text) }
    return nanoseconds
  }
}
