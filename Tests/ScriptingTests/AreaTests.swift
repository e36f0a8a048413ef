// SPDX-License-Identifier: Apache-2.0
// Memory of a task's own, limits that change, and a machine with swap, against a toy.

import Testing
import UAPI

@Suite struct AreaTests {
  /// What the toy was asked, without the names of modules and of the task.
  private func log(_ s: Scenario) -> [String] {
    s.toys[0].log.map {
      $0.replacing("UAPI.", with: "").replacing("worker: ", with: "")
    }
  }

  @Test func mapsReachTheBackendAsTheyWereWritten() {
    let s = Scenario.task(
      """
      print(t:map("24 MiB").size, t:map(5000).size) \
      print(t:map(4096, { name = "heap" }).name, t:map { size = 4096, shared = false }.name) \
      print(t:map { file = "data" }.size) \
      print(t:map { file = "data", from = 24, size = "8 KiB", shared = false, name = "w" }.size)
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.printed == "25165824\t8192\nheap\tarea 3\n4194304\n8192\n")
    #expect(
      log(s).dropFirst() == [
        "map(area: \"area 1\", MapKind.anonymous(shared: false), pages: Optional(6144))",
        "map(area: \"area 2\", MapKind.anonymous(shared: false), pages: Optional(2))",
        "map(area: \"heap\", MapKind.anonymous(shared: false), pages: Optional(1))",
        "map(area: \"area 3\", MapKind.anonymous(shared: false), pages: Optional(1))",
        "map(area: \"area 4\", MapKind.file(\"data\", shared: true, from: 0), pages: nil)",
        "map(area: \"w\", MapKind.file(\"data\", shared: false, from: 24), pages: Optional(2))",
      ])
  }

  @Test func aTouchWritesAllOfTheAreaInOrderUnlessItIsToldOtherwise() {
    let s = Scenario.task(
      """
      local a = t:map("1 MiB", { name = "a" }) \
      a:touch() a:touch { fill = true } \
      a:touch { pattern = "hot", hot = "64 KiB", pct = 90, count = 7, seed = 2, write = false }
      """)
    #expect(s.failure == "it did not fail")
    let whole = """
      AccessPattern(shape: AccessPattern.Shape.sequential, from: 0, length: nil, stride: 1, \
      count: nil, repetitions: 1, seed: nil)
      """
    #expect(
      log(s).dropFirst(2) == [
        "touch(area: \"a\", write: true, fill: false, \(whole))",
        "touch(area: \"a\", write: true, fill: true, \(whole))",
        """
        touch(area: "a", write: false, fill: false, \
        AccessPattern(shape: AccessPattern.Shape.hot(pages: 16, percent: 90), from: 0, \
        length: nil, stride: 1, count: Optional(7), repetitions: 1, seed: Optional(2)))
        """,
      ])
  }

  @Test func adviceLocksAndTheEndOfAnAreaReachTheBackend() {
    let s = Scenario.task(
      """
      local a = t:map("1 MiB", { name = "a" }) \
      print(a:advise "cold", a:advise("pageout", { from = "8 KiB", n = 3 }), a:advise "free") \
      print(a:lock { n = "8 KiB" }, a:unlock()) \
      print(a:unmap(), t:map("4 KiB", { name = "a" }).name, t:oom_score_adj(-1000))
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.printed == "true\ttrue\tnil\tEINVAL\ntrue\ttrue\ntrue\ta\ttrue\n")
    #expect(
      log(s).dropFirst(2) == [
        "adviseArea(area: \"a\", MemoryAdvice.cold, from: 0, length: nil)",
        "adviseArea(area: \"a\", MemoryAdvice.pageout, from: 2, length: Optional(3))",
        "adviseArea(area: \"a\", MemoryAdvice.free, from: 0, length: nil)",
        "lock(area: \"a\", from: 0, length: Optional(2))",
        "unlock(area: \"a\", from: 0, length: nil)",
        "unmap(area: \"a\")",
        "map(area: \"a\", MapKind.anonymous(shared: false), pages: Optional(1))",
        "setOomScoreAdjust(-1000)",
      ])
  }

  @Test func limitsAreSetInsideOfTimeAndOutside() {
    let s = Scenario(
      """
      local m = machine { like = "toy.json" }
      local cg = m:cgroup { name = "a", memory = { swap_max = 0, max = "1 MiB" } }
      print(cg:set { max = "max", swap_max = "2 MiB" })
      local function worker(t) print(t:set(cg, { max = 8192 })) end
      m:spawn("worker", { cgroup = cg }, worker)
      m:run()
      print(cg:swap_current())
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.printed == "true\ntrue\n0\n")
    #expect(
      log(s) == [
        """
        cgroup a [CgroupSetting.max(Optional(Pages(count: 256))), \
        CgroupSetting.swapMax(Optional(Pages(count: 0)))]
        """,
        "cgroup a [CgroupSetting.max(nil), CgroupSetting.swapMax(Optional(Pages(count: 512)))]",
        """
        setCgroup(path: "a", settings: [CgroupSetting.max(Optional(Pages(count: 2)))])
        """,
      ])
  }

  @Test func marksShowSwapToo() {
    let s = Scenario.task(
      """
      t:map("16 KiB"):touch { n = 4 } t:mark "one" \
      print(m:marks()[1].cgroups.a.swap_current, cg:swap_current())
      """)
    #expect(s.printed == "8192\t8192\n")
  }

  @Test func whatADeviceAsksForReachesWhoeverMakesTheMachine() {
    let s = Scenario(
      """
      machine { like = "toy.json", swap = {
        size = "1 MiB", on = "null", latency = "250 us", depth = 4 } }
      machine { like = "toy.json", swap = { size = "1 MiB", on = "zram", ratio = 2.5 } }
      machine { like = "toy.json", swap = { size = "1 MiB", on = "zram", ratio = 4 } }
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.requests[0].swap?.latency == 250_000)
    #expect(s.requests[0].swap?.depth == 4)
    #expect(s.requests[0].swap?.queueRequests == 4)
    #expect(s.requests.map { $0.swap?.compressedPage } == [1365, 1638, 1024])
  }

  @Test func swapAndSysctlsReachWhoeverMakesTheMachine() {
    let s = Scenario(
      """
      machine { like = "toy.json", swap = { size = "256 MiB" }, sysctl = { ["vm.swappiness"] = 0 } }
      machine { like = "toy.json", swap = { size = 8192, on = "null" } }
      machine { like = "toy.json" }
      """)
    #expect(s.failure == "it did not fail")
    #expect(s.requests.map { $0.swap?.kind } == [.pmem, .null, nil])
    #expect(s.requests.map { $0.swap?.use } == [.swap, .swap, nil])
    #expect(s.requests.map { $0.swap?.size.pages } == [65536, 2, nil])
    #expect(s.requests.map { $0.sysctls.map(\.name) } == [["vm.swappiness"], [], []])
    #expect(s.requests[0].sysctls[0].value == 0)
  }
}
