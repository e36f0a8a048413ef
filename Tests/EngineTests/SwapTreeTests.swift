// SPDX-License-Identifier: Apache-2.0
// Nodes of the swap cache's trees: they come with the first slot of 64 and go with the last
// (reference 09 §9.6).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

@Suite struct SwapTreeTests {
  private func nodes(_ machine: Machine) -> Int {
    machine.slabs.first { $0.name == "radix_tree_node" }!.objects
  }

  @Test(arguments: ["5.10", "6.1"]) func aNodeForEverySixtyFourSlots(kernel: String) throws {
    let tried = try AreaMachine(kernel, max: 512)
    let machine = tried.machine
    var seen: [(nodes: Int, slots: Int)] = []
    machine.perform([.map(2560), .store(2560), .unmap, .sleep(.milliseconds(20))], in: "a") { _ in
      let slots = machine.observe().cgroup("a")!.swapCurrent!
      seen.append((self.nodes(machine), slots))
      #expect(machine.invariantProblems() == [])
    }
    let leaves = (seen[1].slots + 63) / 64
    // A node above them, and one for the slots that a CPU holds.
    #expect((leaves...(leaves + 3)).contains(seen[1].nodes))
    #expect(leaves >= 32)
    // All but a cache full of slots are given back.
    #expect(seen[3].nodes <= 3)
    // Nobody is charged for them.
    #expect(machine.stat(.slab_reclaimable, of: "a") == 0)
  }
}
