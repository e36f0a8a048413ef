// SPDX-License-Identifier: Apache-2.0
// Names of counters and settings: the kernel's own, each once.

import Testing
import UAPI

@Suite struct CounterTests {
  @Test func countersAreFoundByTheirName() {
    #expect(VmCounter.named("pgscan_direct") == .pgscan_direct)
    #expect(VmCounter.named("pgscan") == nil)
    #expect(VmCounter.allCases.allSatisfy { VmCounter.named($0.name) == $0 })
    #expect(VmCounter.allCases.map(\.rawValue) == Array(0..<VmCounter.count))
    #expect(MemcgCounter.allCases.map(\.rawValue) == Array(0..<MemcgCounter.count))
  }

  @Test func memoryStatPrintsAmountsInBytesAndEventsAsTheyAre() {
    let pages = MemcgCounter.allCases.filter(\.isPages).map(\.name)
    #expect(pages.first == "anon" && pages.last == "unevictable")
    #expect(!MemcgCounter.slab_reclaimable.isPages)
    #expect(!MemcgCounter.pgscan.isPages)
  }

  @Test func settingsKnowTheirFile() {
    #expect(CgroupSetting.max(nil).file == "memory.max")
    #expect(CgroupSetting.oomGroup(true).file == "memory.oom.group")
  }

  @Test(
    arguments: [
      ("/", []), ("", []), ("a", ["a"]), ("a/b", ["a", "b"]), ("/a//b/", ["a", "b"]),
    ] as [(String, [String])])
  func pathsAreSplitAtTheirSlashes(path: String, parts: [String]) {
    #expect(CgroupPath.parts(path) == parts)
  }
}
