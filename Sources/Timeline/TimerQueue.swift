// SPDX-License-Identifier: Apache-2.0
// Who is to be woken when: a binary heap ordered by (due, sequence).
//
// The sequence number is the order of asking, so no two timers are equal and the order in which
// timers fall due never depends on the heap's shape.
//
// Most timers that guard a wait are cancelled, not fired. A cancelled one gives up its payload at
// once, but its entry stays in the heap: taking it out of the middle would cost a search. Entries
// are found dead by comparing the sequence number in their slot. Two rules keep the dead in bounds:
// the heap's first entry is always alive (so `earliest` is exact), and when more than half of the
// entries are dead the heap is built anew from the living.

internal import HeapModule

/// Timers that carry a payload each. Adding, taking and (amortised) cancelling cost O(log n).
package struct TimerQueue<Payload> {
  /// Names one timer. It stays unique after the timer fired or was cancelled.
  package struct Token: Hashable, Sendable {
    fileprivate let slot: Int
    fileprivate let sequence: UInt64
  }

  private struct Entry: Comparable {
    let due: Instant
    let sequence: UInt64
    let slot: Int

    static func < (a: Entry, b: Entry) -> Bool {
      a.due != b.due ? a.due < b.due : a.sequence < b.sequence
    }
  }

  /// A place for a living timer's payload; `sequence` 0 marks a free one.
  private struct Slot {
    var sequence: UInt64
    var payload: Payload?
  }

  private var heap = Heap<Entry>()
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  private var lastSequence: UInt64 = 0

  package init() {}

  /// How many timers are pending.
  package var count: Int { slots.count - freeSlots.count }
  package var isEmpty: Bool { count == 0 }

  /// How many entries the heap holds, the dead included: at most twice `count`, and a few.
  package var storedCount: Int { heap.count }

  /// When the first pending timer is due; nil when there is none.
  package var earliest: Instant? { heap.min?.due }

  /// Adds a timer. Among timers due at the same moment, the one added first comes first.
  package mutating func add(due: Instant, _ payload: Payload) -> Token {
    lastSequence += 1
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
      slots[slot] = Slot(sequence: lastSequence, payload: payload)
    } else {
      slot = slots.count
      slots.append(Slot(sequence: lastSequence, payload: payload))
    }
    heap.insert(Entry(due: due, sequence: lastSequence, slot: slot))
    return Token(slot: slot, sequence: lastSequence)
  }

  /// Forgets a pending timer and answers its payload; nil if it has fired or was cancelled before.
  @discardableResult
  package mutating func cancel(_ token: Token) -> Payload? {
    guard slots[token.slot].sequence == token.sequence else { return nil }
    let payload = vacate(token.slot)
    buryDead()
    return payload
  }

  /// Takes the first timer if it is due at `limit` or before.
  package mutating func popFirst(notAfter limit: Instant) -> (due: Instant, payload: Payload)? {
    guard let first = heap.min, first.due <= limit else { return nil }
    heap.removeMin()
    let payload = vacate(first.slot)
    buryDead()
    return (first.due, payload)
  }

  private func isAlive(_ entry: Entry) -> Bool { slots[entry.slot].sequence == entry.sequence }

  private mutating func vacate(_ slot: Int) -> Payload {
    guard let payload = slots[slot].payload else { preconditionFailure("a free slot was taken") }
    slots[slot] = Slot(sequence: 0, payload: nil)
    freeSlots.append(slot)
    return payload
  }

  private mutating func buryDead() {
    while let first = heap.min, !isAlive(first) { heap.removeMin() }
    if heap.count > 2 * count + 16 { heap = Heap(heap.unordered.filter(isAlive)) }
  }
}
