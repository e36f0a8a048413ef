// SPDX-License-Identifier: Apache-2.0
// Folios on their way to a list: the 15th sends all, second touches, activations that wait
// (reference 08 §§8.2, 8.4, 8.5), seen through a machine's counters.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct FolioBatchesTests {
  /// Reads `n` pages one by one, without readahead, inside cgroup a; `then` follows while the task
  /// lives: its exit would drain the batches.
  private func sizes(afterReading n: Int, then operations: [Operation] = []) throws -> (
    inactive: Int, active: Int, activated: Int, cached: Int
  ) {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.makeCgroup("a")
    var last = (0, 0, 0, 0)
    machine.perform(
      [.advise("data", .random), .readPages("data", n)] + operations, in: "a"
    ) { _ in
      let s = machine.observe()
      last = (s[.nr_inactive_file], s[.nr_active_file], s[.pgactivate], s[.nr_file_pages])
    }
    return last
  }

  @Test(arguments: [(14, 0), (15, 15), (29, 15), (30, 30)])
  func theFifteenthSendsAllToTheirList(read: Int, listed: Int) throws {
    let s = try sizes(afterReading: read)
    #expect(s.inactive == listed)
    #expect(s.cached == read)
  }

  @Test func aTasksExitSendsWhatWaits() throws {
    let machine = try SmallMachine.boot()
    defer { machine.shutdown() }
    machine.perform([.advise("data", .random), .readPages("data", 14)])
    #expect(machine.vmstat(.nr_inactive_file) == 14)
  }

  /// Touched again while it waits, a folio joins the active list at once, and pgactivate does not
  /// count it.
  @Test func aSecondTouchInTheBatchMakesItActiveUncounted() throws {
    let s = try sizes(
      afterReading: 10,
      then: [
        .readPages("data", from: 0, 3), .readPages("data", from: 100, 5),
      ])
    #expect(s.inactive == 12 && s.active == 3 && s.activated == 0)
  }

  /// On its list already, it waits in another batch, on the inactive list meanwhile.
  @Test(arguments: [(14, 0), (15, 15)])
  func activationsWaitForTheFifteenth(again: Int, activated: Int) throws {
    let s = try sizes(afterReading: 30, then: [.readPages("data", again)])
    #expect(s.active == activated && s.activated == activated)
    #expect(s.inactive == 30 - activated)
  }

  /// A third touch only marks it referenced.
  @Test func anActiveFolioStaysWhereItIs() throws {
    let s = try sizes(
      afterReading: 15, then: [.readPages("data", 15), .readPages("data", 15)])
    #expect(s.active == 15 && s.activated == 15)
  }

  /// The same whole page read twice in a row is a continuation: no second touch.
  @Test func aReadThatContinuesInItsPageDoesNotTouchItAgain() throws {
    let once: Operation = .readPages("data", from: 3, 1)
    let s = try sizes(afterReading: 15, then: [once, once, .readPages("data", 14)])
    #expect(s.activated == 0)
    // Touched: 3, then 0 to 13 without 3's repeat: fourteen wait; 14 is the fifteenth.
    let full = try sizes(afterReading: 15, then: [once, once, .readPages("data", 15)])
    #expect(full.activated == 15)
  }
}
