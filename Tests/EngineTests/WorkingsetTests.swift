// SPDX-License-Identifier: Apache-2.0
// Refaults: activated at the very edge of the distance and not one beyond it; costs that decay
// (reference 09, 05 §5.5.3).

import ReclaimEngine
import Testing
import UAPI

/// A tree with cgroups a and a/b, and one frame that comes back in b.
private final class RefaultUnderTest {
  let tree: MemcgTree
  let workingset: Workingset
  private let frames: FrameTable
  private let node: Node
  let a: UInt16, b: UInt16

  init() throws {
    tree = try MemcgTree(profile: .linux6_1)
    frames = try FrameTable(frames: 16)
    node = Node(number: 0, zones: [])
    workingset = Workingset(tree: tree, frames: frames, node: node, profile: .linux6_1)
    let top = tree.makeChild(of: tree.root, named: "a")!
    a = top.number
    b = tree.makeChild(of: top, named: "b")!.number
    frames.rows[1].memcg = b
  }

  func publish(_ memcg: UInt16, inactiveFile: Int = 0, activeFile: Int = 0, anon: Int = 0) {
    let lruvec = tree.lruvec(memcg)
    lruvec.pointee.publishedSizes.inactiveFile = inactiveFile
    lruvec.pointee.publishedSizes.activeFile = activeFile
    lruvec.pointee.publishedSizes.inactiveAnon = anon
  }

  func refault(clockThen: UInt64, _ memcg: UInt16, workingset wasActive: Bool = false) {
    let shadow = Shadow(clock: clockThen, memcg: memcg, node: 0, workingset: wasActive)
    workingset.refault(1, Shadow(shadow.slot), file: true)
  }

  func count(_ counter: MemcgCounter) -> Int { tree.counters(b)[counter.rawValue] }
  func clock(_ memcg: UInt16) -> UInt64 { tree.lruvec(memcg).pointee.clock }
}

@Suite struct WorkingsetTests {
  @Test(arguments: [(0, true), (99, true), (100, true), (101, false)])
  func aPageIsActivatedUpToTheDistanceOfTheActiveList(distance: Int, activated: Bool) throws {
    let t = try RefaultUnderTest()
    // Inactive pages of its own kind do not count, anonymous ones only where there is swap.
    t.publish(t.a, inactiveFile: 1000, activeFile: 100, anon: 500)
    t.workingset.age(t.a, by: 5000 + distance)
    t.refault(clockThen: 5000, t.a)
    #expect(t.count(.workingset_refault_file) == 1)
    #expect(t.count(.workingset_activate_file) == (activated ? 1 : 0))
    #expect(t.count(.workingset_restore_file) == 0)
    // Only an activation advances the clocks, from its own cgroup upwards.
    #expect(t.clock(t.b) == (activated ? 1 : 0))
    #expect(t.clock(t.a) == UInt64(5000 + distance + (activated ? 1 : 0)))
  }

  @Test func theDistanceWrapsWithTheClock() throws {
    let t = try RefaultUnderTest()
    t.publish(t.a, activeFile: 10)
    t.tree.lruvec(t.a).pointee.clock = 1 << 36 + 4
    t.refault(clockThen: 1 << 36 - 5, t.a)
    #expect(t.count(.workingset_activate_file) == 1)
    t.refault(clockThen: 1 << 36 - 7, t.a)
    #expect(t.count(.workingset_activate_file) == 1)
  }

  /// Sizes are those of the last flush, not what the lists hold now.
  @Test func nothingIsActivatedBeforeSizesWerePublished() throws {
    let t = try RefaultUnderTest()
    t.workingset.age(t.a, by: 1)
    t.refault(clockThen: 0, t.a)
    #expect(t.count(.workingset_refault_file) == 1)
    #expect(t.count(.workingset_activate_file) == 0)
  }

  @Test func whatWasActiveOnceIsRestoredAndCosts() throws {
    let t = try RefaultUnderTest()
    t.publish(t.a, activeFile: 100)
    t.publish(t.b, activeFile: 100)
    t.refault(clockThen: 0, t.a, workingset: true)
    #expect(t.count(.workingset_restore_file) == 1)
    #expect(t.tree.lruvec(t.b).pointee.cost.file == 1)
    #expect(t.tree.lruvec(t.a).pointee.cost.file == 1)
    #expect(t.tree.lruvec(MemcgTree.rootNumber).pointee.cost.file == 0)
  }

  /// A quarter of the lists may be reached; one beyond halves both kinds.
  @Test func costsAreHalvedBeyondAQuarterOfTheLists() throws {
    let t = try RefaultUnderTest()
    for memcg in [t.a, t.b] { t.publish(memcg, inactiveFile: 300, activeFile: 60, anon: 40) }
    t.workingset.noteCost(t.b, 60, file: false)
    t.workingset.noteCost(t.b, 40, file: true)
    let lruvec = t.tree.lruvec(t.a)
    #expect((lruvec.pointee.cost.anon, lruvec.pointee.cost.file) == (60, 40))
    t.workingset.noteCost(t.b, 1, file: true)
    #expect((lruvec.pointee.cost.anon, lruvec.pointee.cost.file) == (30, 20))
    #expect(t.tree.lruvec(t.b).pointee.cost.file == 20)
  }

  @Test func withoutPublishedSizesEveryCostIsHalvedAtOnce() throws {
    let t = try RefaultUnderTest()
    t.workingset.noteCost(t.b, 5, file: true)
    #expect(t.tree.lruvec(t.b).pointee.cost.file == 2)
  }
}
