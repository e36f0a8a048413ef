// SPDX-License-Identifier: Apache-2.0
// Taking times: this thread's CPU time, medians over rounds.
//
// CPU time of the thread leaves out what the host gives to others meanwhile; the median leaves out
// the rounds that others disturbed through caches and memory.

import CReference

/// This thread's CPU time.
func nanosecondsNow() -> UInt64 { cref_cpu_ns() }

/// CPU nanoseconds for each of `items` items that `body` works through.
func nanosecondsPerItem(_ items: Int, _ body: () -> Void) -> Double {
  let start = nanosecondsNow()
  body()
  return Double(nanosecondsNow() - start) / Double(items)
}

/// The median of `rounds` measurements that a closure makes and answers.
func median(rounds: Int, _ measurement: () -> Double) -> Double {
  median(of: (0..<rounds).map { _ in measurement() })
}

/// The middle one; of an even number, the upper of the two in the middle.
func median(of figures: [Double]) -> Double { figures.sorted()[figures.count / 2] }
