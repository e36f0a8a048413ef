// SPDX-License-Identifier: Apache-2.0
// What one word of a page table says, and what accesses make of it.

import ReclaimEngine
import Testing

@Suite struct PageTableEntryTests {
  @Test func nothingPermitsNothing() {
    let entry = PageTableEntry.none
    #expect(entry.isNone && !entry.isPresent && !entry.isSwap && !entry.isYoung)
    #expect(!entry.permits(write: false) && !entry.permits(write: true))
  }

  @Test func thePageOfZerosIsForReading() {
    let entry = PageTableEntry.zeroPage
    #expect(entry.isPresent && entry.isZeroPage && entry.isYoung && !entry.isDirty)
    #expect(entry.permits(write: false) && !entry.permits(write: true))
  }

  @Test(arguments: [1, 77, UInt32.max] as [UInt32], [false, true])
  func aFrameIsYoungAndAsWritableAsSaid(frame: UInt32, writable: Bool) {
    let entry = PageTableEntry(frame: frame, writable: writable, dirty: false)
    #expect(entry.frame == frame && entry.isPresent && !entry.isZeroPage && !entry.isSwap)
    #expect(entry.isYoung && !entry.isDirty && entry.isWritable == writable)
    #expect(entry.permits(write: false) && entry.permits(write: true) == writable)
  }

  @Test func loadsMakeYoungAndStoresDirtyAsWell() {
    let entry = PageTableEntry(frame: 5, writable: true, dirty: false).old
    #expect(!entry.isYoung)
    func after(write: Bool, fill: Bool = false) -> PageTableEntry {
      PageTableEntry(raw: entry.raw | PageTableEntry.marks(write: write, fill: fill))
    }
    #expect(after(write: false, fill: true) == after(write: false))
    #expect(after(write: false).isYoung && !after(write: false).isDirty)
    #expect(after(write: true).isYoung && after(write: true).isDirty)
    #expect(!after(write: true).isFilled && after(write: true, fill: true).isFilled)
    #expect(after(write: true).clean.old == entry)
  }

  @Test(arguments: [0, 1, UInt32.max] as [UInt32])
  func aSwapEntryIsNoPage(offset: UInt32) {
    let entry = PageTableEntry(swapOffset: offset)
    #expect(entry.isSwap && entry.swapOffset == offset && !entry.isPresent && !entry.isNone)
    #expect(!entry.permits(write: false))
  }
}
