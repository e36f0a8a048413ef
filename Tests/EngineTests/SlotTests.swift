// SPDX-License-Identifier: Apache-2.0
// Slots and shadows: what is packed comes back, and the clock wraps at 36 bits.

import ReclaimEngine
import Testing

@Suite struct SlotTests {
  @Test func aSlotHoldsNothingAFolioOrAShadow() {
    #expect(Slot.empty.folio == 0 && !Slot.empty.isShadow)
    let folio = Slot(folio: .max)
    #expect(folio.folio == .max && !folio.isShadow)
    let shadow = Shadow(clock: 0, memcg: 0, node: 0, workingset: false).slot
    #expect(shadow.isShadow && shadow.folio == 0 && shadow != .empty)
  }

  @Test(
    arguments: [
      (0, 0, 0, false), (1, 2, 3, true), (1 << 36 - 1, 65535, 1023, true), (1 << 35, 1, 0, false),
    ] as [(UInt64, UInt16, Int, Bool)])
  func aShadowComesBackAsItWasPacked(clock: UInt64, memcg: UInt16, node: Int, workingset: Bool) {
    let packed = Shadow(clock: clock, memcg: memcg, node: node, workingset: workingset).slot
    let back = Shadow(packed)
    #expect(back.clock == clock)
    #expect(back.memcg == memcg)
    #expect(back.node == node)
    #expect(back.workingset == workingset)
  }

  @Test func theClockWrapsAtThirtySixBits() {
    func packed(_ clock: UInt64) -> UInt64 {
      Shadow(Shadow(clock: clock, memcg: 1, node: 0, workingset: false).slot).clock
    }
    #expect(Shadow.clockMask == 0xF_FFFF_FFFF)
    #expect(packed(1 << 36 - 1) == 1 << 36 - 1)
    #expect(packed(1 << 36) == 0)
    #expect(packed(1 << 36 + 5) == 5)
  }
}
