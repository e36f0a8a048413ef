// SPDX-License-Identifier: Apache-2.0
// What took how long: buckets narrower than a hundredth, and a task's faults, reads and stalls in
// them.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct LatencyRecorderTests {
  /// The bucket of one duration.
  private func bucket(_ duration: UInt64) -> LatencyCounts.Bucket {
    let recorder = LatencyRecorder()
    recorder.note(.fault, duration)
    return recorder.counts[0].buckets[0]
  }

  @Test func aBucketIsNarrowerThanAHundredth() {
    for duration: UInt64 in 0..<256 { #expect(bucket(duration).nanoseconds == duration) }
    var duration: UInt64 = 256
    while duration < 1 << 40 {
      for near in [duration - 1, duration, duration + 1, duration + duration / 3] {
        let middle = bucket(near).nanoseconds
        let off = middle > near ? middle - near : near - middle
        #expect(off * 100 <= near, "\(near) in the bucket of \(middle)")
      }
      duration *= 2
    }
  }

  @Test func theLongestAndTheSumAreExactAndTheLastBucketHoldsWhatIsLonger() {
    let recorder = LatencyRecorder()
    recorder.note(.read, 1000, count: 3)
    recorder.note(.read, 1 << 50)
    let counts = recorder.counts
    #expect(counts.map(\.kind) == [.read] && counts[0].count == 4)
    #expect(counts[0].longest == 1 << 50 && counts[0].sum == 3000 + 1 << 50)
    #expect(counts[0].buckets.map(\.count) == [3, 1])
  }

  @Test func everyReadAndFaultOfATaskIsCountedOnce() throws {
    let machine = try SmallMachine.boot(SmallMachine.spec(files: [("data", 512)]))
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: 256)
    machine.perform(
      [
        .readPages("data", 512), .readPages("data", 100), .sleep(1_000_000),
        .map(area: "x", .anonymous(shared: false), pages: 64),
        .touch(area: "x", write: true, fill: false, AccessPattern()),
        .touch(area: "x", write: true, fill: false, AccessPattern()),
      ], in: "a")
    let task = TaskHandle(number: 0)
    let counts = machine.latencies(of: task)
    #expect(counts.map(\.kind) == [.fault, .read, .directReclaim])
    #expect(counts[0].count == 64)
    #expect(counts[1].count == 612)
    #expect(counts[2].count == UInt64(machine.event(.max, of: "a")))
    #expect(counts[2].sum == machine.report(on: task).reclaiming.count)
    // Everything else it did costs CPU time as well.
    #expect(counts[0].sum + counts[1].sum < machine.report(on: task).cpu.count)
  }
}
