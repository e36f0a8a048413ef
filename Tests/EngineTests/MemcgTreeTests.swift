// SPDX-License-Identifier: Apache-2.0
// Cgroups by path and number, the order of the walk, events, and what a flush publishes.

import ReclaimEngine
import Testing
import UAPI

@Suite struct MemcgTreeTests {
  private func tree() throws -> MemcgTree {
    let tree = try MemcgTree(profile: .linux6_1)
    let a = tree.makeChild(of: tree.root, named: "a")!
    let b = tree.makeChild(of: tree.root, named: "b")!
    _ = tree.makeChild(of: b, named: "x")
    let ay = tree.makeChild(of: a, named: "y")!
    _ = tree.makeChild(of: ay, named: "z")
    return tree
  }

  @Test func cgroupsAreFoundByTheirPath() throws {
    let tree = try tree()
    #expect(tree.find("/") === tree.root && tree.find("") === tree.root)
    #expect(tree.find("a/y/z")?.path == "a/y/z")
    #expect(tree.find("/b/x/")?.path == "b/x")
    #expect(tree.find("a/x") == nil && tree.find("y") == nil)
  }

  @Test func theWalkIsParentFirstInOrderOfCreation() throws {
    let tree = try tree()
    #expect(
      tree.subtree(of: tree.root).map(\.path) == ["/", "a", "a/y", "a/y/z", "b", "b/x"])
    #expect(tree.subtree(of: tree.find("a")!).map(\.path) == ["a", "a/y", "a/y/z"])
  }

  @Test func aSubtreeHoldsItsTop() throws {
    let tree = try tree()
    func number(_ path: String) -> UInt16 { tree.find(path)!.number }
    #expect(tree.isBelow(number("a"), number("a")))
    #expect(tree.isBelow(number("a/y/z"), number("a")))
    #expect(tree.isBelow(number("b/x"), MemcgTree.rootNumber))
    #expect(!tree.isBelow(number("a"), number("a/y")))
    #expect(!tree.isBelow(number("b/x"), number("a")))
  }

  @Test func eventsCountUpToButNotInTheRoot() throws {
    let tree = try tree()
    tree.find("a/y")!.count(.max)
    tree.find("a")!.count(.max)
    func max(_ path: String) -> Int { tree.find(path)!.events[MemcgEvent.max.rawValue] }
    #expect(["/", "a", "a/y", "a/y/z", "b"].map(max) == [0, 2, 1, 0, 0])
  }

  @Test func aFlushPublishesSumsOfSubtrees() throws {
    let tree = try tree()
    func publishedActivations(_ path: String) -> Int {
      tree.lruvec(tree.find(path)!.number).pointee.publishedActivations.file
    }
    for (n, path) in [(1, "a"), (10, "a/y/z"), (100, "b/x")] {
      for _ in 0..<n {
        tree.countActivation(.workingset_activate_file, of: tree.find(path)!.number)
      }
    }
    #expect(publishedActivations("a") == 0)
    tree.publish()
    #expect(
      ["/", "a", "a/y", "a/y/z", "b", "b/x"].map(publishedActivations)
        == [111, 11, 10, 10, 100, 100])
  }
}
