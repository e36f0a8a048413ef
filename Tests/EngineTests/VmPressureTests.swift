// SPDX-License-Identifier: Apache-2.0
// vmpressure's windows and levels: the vectors of reference 17.9.

import ReclaimEngine
import Testing
import UAPI

@Suite struct VmPressureTests {
  @Test(arguments: [
    (512, 0, 100, ReclaimStep.PressureLevel.critical), (512, 204, 60, .medium),
    (512, 205, 59, .low), (512, 256, 50, .low), (512, 512, 0, .low), (600, 20, 96, .critical),
    (600, 40, 93, .medium), (1000, 400, 60, .medium), (1000, 401, 59, .low),
    (600, 700, 0, .low),
  ])
  func levelsAreThoseOfTheReference(
    scanned: Int, reclaimed: Int, percent: Int, level: ReclaimStep.PressureLevel
  ) {
    var window = VmPressure()
    let full = window.note(scanned: scanned, reclaimed: reclaimed)
    #expect(full?.percent == percent)
    #expect(full?.level == level)
  }

  @Test func aWindowIsFullAt512AndTheNextIsEmpty() {
    var window = VmPressure()
    #expect(window.note(scanned: 511, reclaimed: 3) == nil)
    let full = window.note(scanned: 1, reclaimed: 4)
    #expect(full?.scanned == 512)
    #expect(full?.reclaimed == 7)
    #expect(window.scanned == 0)
    #expect(window.reclaimed == 0)
  }
}
