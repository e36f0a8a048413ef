// SPDX-License-Identifier: Apache-2.0
// The timer queue against a model that cannot be wrong: a sorted array.

import Testing
import Timeline

@Suite struct TimerQueueTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func behavesAsASortedArray(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var queue = TimerQueue<Int>()
    // Kept sorted by (due, order of adding): an equal moment goes behind those that are there.
    var model: [(due: Instant, payload: Int, token: TimerQueue<Int>.Token)] = []
    var spent: [TimerQueue<Int>.Token] = []
    for step in 0..<4_000 {
      let chance = random.next()
      switch chance & 7 {
      case 0...3:
        let due = Instant(nanoseconds: chance >> 8 & 63)  // few moments: many ties
        let token = queue.add(due: due, step)
        let place = model.firstIndex { $0.due > due } ?? model.count
        model.insert((due, step, token), at: place)
      case 4, 5:
        guard !model.isEmpty else { break }
        let gone = model.remove(at: Int(chance >> 8 % UInt64(model.count)))
        #expect(queue.cancel(gone.token) == gone.payload, "seed \(seed) step \(step)")
        spent.append(gone.token)
      case 6:
        let limit = Instant(nanoseconds: chance >> 8 & 63)
        let fired = queue.popFirst(notAfter: limit)
        let due = model.first.map { $0.due <= limit } ?? false
        #expect((fired != nil) == due, "seed \(seed) step \(step)")
        if let fired, due {
          #expect(fired.due == model[0].due && fired.payload == model[0].payload)
          spent.append(model.removeFirst().token)
        }
      default:
        guard !spent.isEmpty else { break }
        #expect(queue.cancel(spent[Int(chance >> 8 % UInt64(spent.count))]) == nil)
      }
      #expect(queue.count == model.count)
      #expect(queue.earliest == model.first?.due)
      #expect(queue.storedCount <= 2 * queue.count + 16)
    }
    while let fired = queue.popFirst(notAfter: .distantFuture) {
      #expect(fired.payload == model.removeFirst().payload, "seed \(seed)")
    }
    #expect(model.isEmpty)
  }

  @Test func cancelledTimersDoNotAccumulate() {
    var queue = TimerQueue<Int>()
    _ = queue.add(due: Instant(nanoseconds: 1), -1)
    for step in 0..<100_000 {
      queue.cancel(queue.add(due: Instant(nanoseconds: UInt64(1_000 + step)), step))
    }
    #expect(queue.count == 1)
    #expect(queue.storedCount <= 18)
  }

  @Test func aCancelledTimerLetsGoOfItsPayloadAtOnce() {
    final class Payload {}
    var queue = TimerQueue<Payload>()
    var payload: Payload? = Payload()
    weak let watched = payload
    _ = queue.add(due: .boot, Payload())
    let token = queue.add(due: .distantFuture, payload!)
    payload = nil
    #expect(watched != nil)
    queue.cancel(token)
    #expect(watched == nil)
  }
}
