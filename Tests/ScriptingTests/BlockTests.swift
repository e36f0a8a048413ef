// SPDX-License-Identifier: Apache-2.0
// Blocks of page frames in a scenario's hands.

import Testing

@Suite struct BlockTests {
  @Test func aBlockKnowsItsPlaceAndSize() {
    let s = Scenario.task(
      """
      local b = t:alloc_pages(3, "GFP_KERNEL | __GFP_MOVABLE")
      print(b.order, b.pfn, b.size, b:free(), t:alloc_pages(9))
      """)
    #expect(s.report.failure == nil)
    #expect(s.printed.contains("3\t4096\t32768\ttrue\tnil\tENOMEM"))
    #expect(s.toys[0].log.contains { $0.contains("allocatePages(order: 3") })
    #expect(s.toys[0].log.contains { $0.contains("freePages(frame: 4096, order: 3)") })
  }

  /// A block outlives the task that asked for it, and whoever has it in hand may give it back.
  @Test func anotherTaskMayFreeABlock() {
    let s = Scenario(
      """
      local m = machine {}
      local block
      m:spawn("a", function(t) block = t:alloc_pages(0) end)
      m:run()
      m:spawn("b", function(t) print(block:free()) end)
      m:run()
      """)
    #expect(s.report.failure == nil)
    #expect(s.printed.contains("true"))
    #expect(s.toys[0].log.contains { $0.hasPrefix("b: freePages") })
  }

  @Test func theMainChunkCannotFreeABlock() {
    let s = Scenario(
      """
      local m = machine {}
      local block
      m:spawn("a", function(t) block = t:alloc_pages(0) end)
      m:run()
      block:free()
      """)
    #expect(s.failure.contains("b:free stands inside of time"))
  }
}
