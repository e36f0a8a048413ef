// SPDX-License-Identifier: Apache-2.0
// vmpressure: how hard reclaim finds its pages, in windows of 512 scanned (reference 14 §14.1).
//
// A full window of the machine's own reclaim is handed to a worker of the kernel. What the worker
// tells nobody listens to; but that it runs takes the CPU from whoever reclaims, and then the one
// that has run least goes on. In reclaim of anonymous pages that is the usual place where kswapd
// and a direct reclaimer change places.

import Timeline
import UAPI

struct VmPressure {
  static let window = 512
  /// From this priority on direct reclaim reports a critical window in each round.
  static let criticalPriority = 3
  private(set) var scanned = 0
  private(set) var reclaimed = 0

  /// Adds to the window; answers whether it is full, and then begins the next.
  mutating func note(scanned: Int, reclaimed: Int) -> Bool {
    self.scanned += scanned
    self.reclaimed += reclaimed
    guard self.scanned >= Self.window else { return false }
    self = VmPressure()
    return true
  }
}

extension Memory {
  /// vmpressure of the machine after a round.
  func notePressure(scanned: Int, reclaimed: Int) {
    if scanned == 0 { return }
    if pressureWindow.note(scanned: scanned, reclaimed: reclaimed) {
      processor.interrupt(by: Nanoseconds(profile.costs.pressureWork))
    }
  }

  /// vmpressure_prio: a direct reclaim of the machine that has come this far.
  func notePriority(_ control: ScanControl) {
    guard control.reclaimer == .direct, control.priority <= VmPressure.criticalPriority else {
      return
    }
    notePressure(scanned: VmPressure.window, reclaimed: 0)
  }
}
