// SPDX-License-Identifier: Apache-2.0
// When statistics are due: beyond 64 updates the CPU reports, beyond one report a reader flushes
// (reference 16 §16.9).

import ReclaimEngine
import TestSupport
import Testing
import Timeline

@Suite struct StatisticFlushTests {
  private func fresh() -> StatisticFlush { StatisticFlush(.linux6_1) }

  /// 65 updates make one report, another 65 the second: then a reader flushes.
  @Test func aHundredAndThirtySingleUpdatesAreDue() {
    let flush = fresh()
    for _ in 0..<129 { flush.note(1) }
    #expect(!flush.isDue)
    flush.note(1)
    #expect(flush.isDue)
  }

  @Test(arguments: [(64, false), (65, false), (127, false), (128, true), (1000, true)])
  func oneLargeUpdateReportsAsManyBatchesAsItHolds(amount: Int, isDue: Bool) {
    let flush = fresh()
    flush.note(amount)
    #expect(flush.isDue == isDue)
  }

  @Test func aFlushForgetsReportsAndNotTheUpdatesOfTheCPU() {
    let flush = fresh()
    for _ in 0..<(130 + 60) { flush.note(1) }
    flush.wasFlushed()
    #expect(!flush.isDue)
    for _ in 0..<(5 + 64) { flush.note(1) }
    #expect(!flush.isDue)
    flush.note(1)
    #expect(flush.isDue)
  }

  /// Any mixture of amounts leaves the same state whether ones are noted singly or together.
  @Test(arguments: Seeds.list(20))
  func manyOnesAreOneUpdateEach(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let together = fresh(), singly = fresh()
    for step in 0..<400 {
      let n = random.pick([0, 1, 3, 15, 32, 64, 65, 66, 200])
      if random.below(3) == 0 {
        together.note(n)
        singly.note(n)
      } else {
        together.noteOnes(n)
        for _ in 0..<n { singly.note(1) }
      }
      if together.isDue != singly.isDue {
        Issue.record("seed \(seed), step \(step)")
        return
      }
      if singly.isDue, random.below(2) == 0 {
        together.wasFlushed()
        singly.wasFlushed()
      }
    }
    // What is left in the CPU's number is the same as well.
    var left = 0
    together.wasFlushed()
    singly.wasFlushed()
    while !singly.isDue, left < 200 {
      #expect(!together.isDue, "seed \(seed), \(left) later")
      together.note(1)
      singly.note(1)
      left += 1
    }
    #expect(together.isDue, "seed \(seed)")
  }
}
