// SPDX-License-Identifier: Apache-2.0
// Effective protection, number by number (reference 17 §§17.1, 17.2), and what a walk does with it.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct ProtectionTests {
  /// What each child gets of what their parent, who uses nothing besides, may keep.
  private func got(_ children: [(usage: Int, low: Int)], _ effective: Int, _ recursive: Bool)
    -> [Int]
  {
    children.map {
      Protection.share(
        usage: $0.usage, setting: $0.low, parentUsage: children.reduce(0) { $0 + $1.usage },
        parentEffective: effective, siblings: children.reduce(0) { $0 + min($1.usage, $1.low) },
        recursive: recursive)
    }
  }

  /// B (usage 900, low 800), C (700, 400), D (300, 0) below a parent that uses 1900.
  @Test(arguments: [
    (1000, false, [666, 333, 0]), (1000, true, [666, 333, 0]), (1500, false, [800, 400, 0]),
    (1500, true, [842, 528, 128]), (1900, false, [800, 400, 0]), (1900, true, [900, 700, 300]),
  ])
  func siblingsShareWhatTheirParentMayKeep(effective: Int, recursive: Bool, shares: [Int]) {
    #expect(got([(900, 800), (700, 400), (300, 0)], effective, recursive) == shares)
  }

  /// B (700, low 800), C (350, 400), D (300, 0) below a parent that uses 1350.
  @Test(arguments: [
    (900, false, [600, 300, 0]), (900, true, [600, 300, 0]), (1200, false, [700, 350, 0]),
    (1200, true, [700, 350, 150]),
  ])
  func protectionBeyondUsageGoesToWhoUsesIt(effective: Int, recursive: Bool, shares: [Int]) {
    #expect(got([(700, 800), (350, 400), (300, 0)], effective, recursive) == shares)
  }

  /// Size, priority, protected, usage and what is scanned.
  @Test(arguments: [
    (100_000, 10, 50_000, 100_000, 48), (100_000, 6, 90_000, 100_000, 156),
    (100_000, 0, 99_999, 100_000, 32), (200, 3, 190, 200, 4),
  ])
  func whatIsProtectedIsNotScanned(
    size: Int, priority: Int, protected: Int, usage: Int, scan: Int
  ) {
    let left = Protection.unprotected(size: size, protected: protected, usage: usage, batch: 32)
    #expect(left >> priority == scan)
  }

  /// A parent of 2000 pages and two children that have read 900 each; then the second reads on.
  private func machine(_ setting: CgroupSetting) throws -> Machine {
    let files = [("a", 900), ("b", 900), ("c", 4000)]
    let machine = try SmallMachine.boot(SmallMachine.spec(files: files))
    machine.makeCgroup("p", max: 2000)
    machine.makeCgroup("p/a")
    machine.makeCgroup("p/b")
    machine.perform([.setCgroup(path: "p/a", settings: [setting])])
    machine.perform([.readPages("a", 900)], in: "p/a")
    machine.perform([.readPages("b", 900), .readPages("c", 4000)], in: "p/b")
    return machine
  }

  @Test func aCgroupBelowItsMinLosesNothing() throws {
    let machine = try machine(.min(1000))
    defer { machine.shutdown() }
    #expect(machine.stat(.file, of: "p/a") == 900)
    #expect(machine.event(.low, of: "p/a") == 0)
  }

  @Test func aCgroupBelowItsLowLosesNothingWhileAnotherHasSomething() throws {
    let machine = try machine(.low(1000))
    defer { machine.shutdown() }
    #expect(machine.stat(.file, of: "p/a") == 900)
    #expect(machine.event(.low, of: "p/a") == 0)
  }

  @Test func anUnprotectedCgroupLoses() throws {
    let machine = try machine(.low(0))
    defer { machine.shutdown() }
    #expect(machine.stat(.file, of: "p/a") < 600)
  }

  @Test func lowGivesWayWhenNothingElseIsLeft() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("a", 4000)]))
    defer { machine.shutdown() }
    machine.makeCgroup("p", max: 600)
    machine.makeCgroup("p/a")
    machine.perform([.setCgroup(path: "p/a", settings: [.low(nil)])])
    machine.perform([.readPages("a", 4000)], in: "p/a")
    #expect(machine.event(.low, of: "p/a") > 0)
    #expect(machine.event(.low, of: "p") == machine.event(.low, of: "p/a"))
    #expect(machine.stat(.pgsteal, of: "p/a") > 3000)
  }

  @Test func whoReclaimsFromAProtectedCgroupItselfIsNotHeldBack() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("a", 900)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    machine.perform([.setCgroup(path: "a", settings: [.min(nil)])])
    machine.perform([.readPages("a", 900)], in: "a")
    machine.perform([.reclaim(path: "a", 500)])
    #expect(machine.stat(.file, of: "a") <= 400)
  }
}
