// SPDX-License-Identifier: Apache-2.0
// vmpressure: how hard reclaim finds its pages, in windows of 512 scanned (reference 14 §14.1).
//
// A full window of the machine's own reclaim is handed to a worker of the kernel. What the worker
// tells nobody listens to; but that it runs takes the CPU from whoever reclaims, and then the one
// that has run least goes on. In reclaim of anonymous pages that is the usual place where kswapd
// and a direct reclaimer change places.

import Timeline
package import UAPI

package struct VmPressure {
  static let window = 512
  /// From this priority on direct reclaim reports a critical window in each round.
  static let criticalPriority = 3
  package private(set) var scanned = 0
  package private(set) var reclaimed = 0

  package init() {}

  /// Adds to the window. When it is full the next begins, and it is answered.
  package mutating func note(scanned: Int, reclaimed: Int) -> VmPressure? {
    self.scanned += scanned
    self.reclaimed += reclaimed
    guard self.scanned >= Self.window else { return nil }
    defer { self = VmPressure() }
    return self
  }

  /// Which part of the scanned pages, in per cent, was not reclaimed.
  package var percent: Int {
    if reclaimed >= scanned { return 0 }
    let scale = scanned + reclaimed
    return (scale - reclaimed * scale / scanned) * 100 / scale
  }

  package var level: ReclaimStep.PressureLevel {
    percent >= 95 ? .critical : percent >= 60 ? .medium : .low
  }
}

extension Memory {
  /// vmpressure of the machine after a round.
  func notePressure(scanned: Int, reclaimed: Int) {
    if scanned == 0 { return }
    guard let full = pressureWindow.note(scanned: scanned, reclaimed: reclaimed) else { return }
    processor.interrupt(by: Nanoseconds(profile.costs.pressureWork))
    tracer.step(.pressure(scanned: full.scanned, reclaimed: full.reclaimed, full.level))
  }

  /// vmpressure_prio: a direct reclaim of the machine that has come this far.
  func notePriority(_ control: ScanControl) {
    guard control.reclaimer == .direct, control.priority <= VmPressure.criticalPriority else {
      return
    }
    notePressure(scanned: VmPressure.window, reclaimed: 0)
  }
}
