// SPDX-License-Identifier: Apache-2.0
// Tasks that take turns by accesses instead of by time: one after the other, so many accesses each.
//
// A turn passes in a fixed order to the next task that is alive; it begins only when every task of
// the group that has been started waits. So what competes is the memory, not the scheduler.

import Timeline
import UAPI

final class TurnTaking {
  let order: [String]
  private var waiting: [SimTask] = []
  private var current: SimTask?
  /// Where in the order the last turn was.
  private var last = -1

  init(_ order: [String]) { self.order = order }

  /// Gives the turn up, if it is this task's, and waits for the next one.
  func wait(_ task: SimTask, among tasks: [SimTask]) async throws(Killed) {
    if current === task { current = nil }
    waiting.append(task)
    pass(among: tasks)
    while current !== task { _ = try await task.sleep() }
  }

  /// A task has ended; if it was its turn the next one has it.
  func leave(_ task: SimTask, among tasks: [SimTask]) {
    waiting.removeAll { $0 === task }
    if current === task { current = nil }
    pass(among: tasks)
  }

  private func pass(among tasks: [SimTask]) {
    guard current == nil, !waiting.isEmpty else { return }
    let members = tasks.filter { order.contains($0.name) && !$0.hasEnded }
    guard members.allSatisfy({ member in waiting.contains { $0 === member } }) else { return }
    for step in 1...order.count {
      let place = (last + step) % order.count
      guard let next = waiting.first(where: { $0.name == order[place] }) else { continue }
      last = place
      current = next
      waiting.removeAll { $0 === next }
      return next.wake()
    }
  }
}
