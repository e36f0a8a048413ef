// SPDX-License-Identifier: Apache-2.0
// Machines described in words, as a user meets them on the command line.

import Foundation
import Testing

@Suite struct MachinesInWordsTests {
  private static func run(_ script: String, before: String = "") throws -> Command {
    try Command.withFolder { folder in
      try Data(script.utf8).write(to: folder.appendingPathComponent("s.lua"))
      return try Command(shell: "\(before) reclaimlua s.lua", in: folder)
    }
  }

  @Test func aNodeTellsWhatIsFree() throws {
    let run = try Self.run(
      """
      local m = machine {}
      local node, sum = m.node[0], 0
      for _, zone in pairs(node.zones) do sum = sum + zone.free * 4096 end
      print("free", node.free == sum, node.free < node.managed, node.number)
      print("none", pcall(function() return m.node[1] end))
      """)
    #expect(run.output.contains("\nfree\ttrue\ttrue\t0\n"), "\(run.errors)")
    #expect(run.output.contains("\nnone\tfalse\ts.lua:5: a list of nodes has no 1\n"))
  }

  @Test func aTerabyteBootsAtOnce() throws {
    let run = try Self.run("print(machine { memory = '1 TiB' }.node[0].managed > size '1000 GiB')")
    #expect(run.output.contains("machine 1 node, 1 CPU, 1 TiB\ntrue\n"), "\(run.errors)")
  }

  @Test func whatFitsIntoTheHostIsTold() throws {
    let script = "machine { memory = '1 TiB' }"
    let run = try Self.run(script, before: "ulimit -v 4000000;")
    #expect(run.status == 1)
    let said = "s.lua:1: machine: memory = 1 TiB is more than this host has room for; "
    #expect(run.errors.contains(said), "\(run.errors)")
    let most = run.errors.components(separatedBy: said)[1].components(separatedBy: " would fit")[0]
    let other = try Self.run(
      "machine { memory = '\(most)' }", before: "ulimit -v 4000000;")
    #expect(other.status == 0, "\(most): \(other.errors)")
  }

  @Test func twoMachinesHaveTimesOfTheirOwn() throws {
    let run = try Self.run(
      """
      local a, b = machine { memory = "128 MiB" }, machine { kernel = "5.10", memory = "1 GiB" }
      a:spawn("x", function(t) t:map("8 MiB"):touch() t:sleep "1 s" end)
      b:spawn("x", function(t) t:map("8 MiB"):touch() t:sleep "2 s" end)
      b:run()
      a:run()
      print("now", a:snapshot().at < b:snapshot().at, a:vmstat().pgfault, b:vmstat().pgfault)
      """)
    #expect(run.output.contains("\nnow\ttrue\t2048\t2048\n"), "\(run.output)\(run.errors)")
  }

  @Test func writtenMarksAreThoseOfTheZone() throws {
    let run = try Self.run(
      """
      local m = machine { memory = "1 GiB", sysctl = { ["vm.min_free_kbytes"] = 40960 } }
      local zones = m.node[0].zones
      print("min", zones.DMA.min + zones.DMA32.min)
      """)
    let lines = run.output.split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix("min\t") }, "\(run.errors)")
    #expect(["10239", "10240"].contains(line.dropFirst(4)))
  }

  @Test func theSeedOfAMachineIsItsOwn() throws {
    func digest(_ fields: String) throws -> String {
      let run = try Self.run(
        """
        local m = machine { \(fields) }
        m:spawn("x", function(t) t:map("8 MiB"):touch { pattern = "rand", count = 500 } end)
        m:run()
        print("faults", m:vmstat().pgfault)
        """)
      return run.output.split(separator: "\n").first { $0.hasPrefix("faults") }.map(String.init)
        ?? run.errors
    }
    #expect(try digest("seed = 7") == digest("seed = 7"))
    #expect(try digest("seed = 7") != digest("seed = 8"))
    #expect(try digest("seed = 1") == digest(""))
  }

  @Test func whatScriptsAskOfCgroupsIsAnsweredAsKernelsDo() throws {
    let run = try Self.run(
      """
      local m = machine { memory = "256 MiB", swap = { size = "64 MiB" } }
      local cg = m:cgroup {
        name = "a",
        memory = { low = "1 MiB", high = "32 MiB", swap_high = "16 MiB", oom_group = true },
      }
      local kid = m:cgroup { name = "kid", parent = cg }
      m:call(function(t)
        print("swappiness", t:reclaim(cg, "1 MiB", { swappiness = 10 }))
        print("parent", t:remove(cg))
        t:move(kid)
        t:map("8 MiB"):touch()
        print("used", t:remove(kid))
        print("peak", kid:peak() >= size "8 MiB", kid:pressure().some.total)
        print("files", cg:file "memory.high", cg:file "memory.low", cg:file "memory.oom.group")
      end)
      m:call(function(t)
        t:sleep "1 s"
        print("empty", t:remove(kid), t:remove(cg))
      end)
      print("gone", pcall(kid.peak, kid))
      """)
    for line in [
      "swappiness\tnil\tEINVAL", "parent\tnil\tEBUSY", "used\tnil\tEBUSY", "peak\ttrue\t0",
      "files\t33554432\t1048576\t1", "empty\ttrue\ttrue", "gone\tfalse\t",
    ] {
      #expect(run.output.contains("\n\(line)"), "\(line): \(run.output) \(run.errors)")
    }
  }

  @Test func aSwappinessIsAskedForInItsRange() throws {
    let run = try Self.run(
      """
      local m = machine { memory = "256 MiB" }
      local cg = m:cgroup { name = "a" }
      m:call(function(t) t:reclaim(cg, "1 MiB", { swappiness = 201 }) end)
      """)
    #expect(run.status == 1)
    #expect(
      run.errors.contains(
        "bad field 'swappiness' in t:reclaim of 'a': expected a whole number from 0 to 200, got 201"
      ), "\(run.errors)")
  }
}
