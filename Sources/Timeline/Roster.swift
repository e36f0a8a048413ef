// SPDX-License-Identifier: Apache-2.0
// The living fibers of a timeline, in the order in which they were made.
//
// Shutdown unwinds fibers in this order, so it must not depend on which ones ended before. A fiber
// that ends leaves a hole; when more than half of the places are holes, the rest moves together.

/// An ordered set of fibers; adding and removing cost O(1), amortised.
struct Roster {
  private var slots: [Fiber?] = []
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  /// Those alive now, oldest first.
  var living: [Fiber] { slots.compactMap { $0 } }

  mutating func add(_ fiber: Fiber) {
    fiber.rosterSlot = slots.count
    slots.append(fiber)
    count += 1
  }

  mutating func remove(_ fiber: Fiber) {
    precondition(slots[fiber.rosterSlot] === fiber, "\(fiber.name) ended twice")
    slots[fiber.rosterSlot] = nil
    count -= 1
    if slots.count > 2 * count + 16 { closeHoles() }
  }

  private mutating func closeHoles() {
    slots.removeAll { $0 == nil }
    for (slot, fiber) in slots.enumerated() { fiber?.rosterSlot = slot }
  }
}
