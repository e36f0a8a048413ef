// SPDX-License-Identifier: Apache-2.0
// What scripts do to cgroups that nobody planned: limits below what is held, removal at once, files
// that are not there, mistakes that must change nothing.

import Testing

@Suite struct CgroupScriptTests {
  private static func run(_ script: String, kernel: String = "6.1") throws -> Command {
    try Command(["--kernel", kernel, "-e", script])
  }

  @Test(arguments: ["5.10", "6.1"])
  func aWriterOfMemoryMaxCountsItsVictimsAndNotItsPatience(kernel: String) throws {
    let run = try Self.run(
      """
      local m = machine { kernel = kernel, memory = "256 MiB" }
      local c = m:cgroup { name = "c" }
      for k = 1, 3 do
        m:spawn("hog" .. k, { cgroup = c }, function(t)
          t:map("40 MiB"):touch()
          t:sleep "10 s"
        end)
      end
      m:call(function(t)
        t:sleep "1 s"
        t:set(c, { max = 0 })
      end)
      print("kills", c:events().oom_kill, c:events().oom <= 20, c:events().oom >= 3)
      """, kernel: kernel)
    #expect(run.output.contains("\nkills\t3\ttrue\ttrue\n"), "\(run.output) \(run.errors)")
  }

  /// m:call lasts until its task is no more, so what it used can be removed behind it.
  @Test(arguments: ["5.10", "6.1"])
  func aCgroupIsFreeOnceTheCallIsOver(kernel: String) throws {
    let run = try Self.run(
      """
      local m = machine { kernel = kernel, memory = "256 MiB", swap = { size = "64 MiB" } }
      local c = m:cgroup { name = "c", memory = { max = "16 MiB" } }
      m:call(function(t) t:move(c) t:map("40 MiB"):touch() end)
      print("removed", m:call(function(t) return t:remove(c) end))
      """, kernel: kernel)
    #expect(run.output.contains("\nremoved\ttrue\n"), "\(run.output) \(run.errors)")
  }

  @Test func memoryPeakIsThereSince6_1AndIsOnlyRead() throws {
    let script = """
      local m = machine { kernel = kernel, memory = "256 MiB" }
      local c = m:cgroup { name = "c" }
      print("peak", c:peak(), c:file "memory.peak")
      c:set { peak = 0 }
      """
    let old = try Self.run(script, kernel: "5.10"), new = try Self.run(script)
    #expect(old.output.contains("\npeak\tnil\tnil\n"), "\(old.output)")
    #expect(new.output.contains("\npeak\t0\t0\n"), "\(new.output)")
    #expect(new.status == 1 && new.errors.contains("field 'peak' in 'c'"), "\(new.errors)")
    #expect(new.errors.contains("cg:peak()"), "\(new.errors)")
  }

  /// What was removed takes no part any more, and its name may be another's.
  @Test func aRemovedCgroupIsNotMadeAgainBySomebodyWhoStillKnowsIt() throws {
    let run = try Self.run(
      """
      local m = machine { memory = "256 MiB" }
      local a = m:cgroup { name = "a" }
      m:call(function(t)
        print("removed", t:remove(a))
        print("inside", t:move(a), select(2, t:set(a, { max = "1 MiB" })), t:remove(a))
        print("waits", t:wait(a:trigger { on = "events" }))
      end)
      for _, f in ipairs {
        function() a:set { max = "1 MiB" } end, function() a:file "memory.max" end,
        function() a:stat() end, function() m:cgroup { name = "b", parent = a } end,
        function() m:spawn("s", { cgroup = a }, function() end) end,
      } do print(pcall(f)) end
      local new = m:cgroup { name = "a", memory = { max = "2 MiB" } }
      print("new", new:file "memory.max")
      """)
    for line in [
      "removed\ttrue", "inside\tnil\tENOENT\tnil\tENOENT", "waits\tnil\tENOENT",
      "new\t2097152",
    ] {
      #expect(run.output.contains("\n\(line)\n"), "\(line): \(run.output) \(run.errors)")
    }
    let told = run.output.split(separator: "\n").filter { $0.hasPrefix("false\t") }
    #expect(told.count == 5)
    #expect(told.prefix(3).allSatisfy { $0.hasSuffix("the cgroup 'a' does not exist any more") })
    #expect(told.suffix(2).allSatisfy { $0.hasSuffix("got 'a', which was removed") })
  }
}
