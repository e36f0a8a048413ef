// SPDX-License-Identifier: Apache-2.0
// Steps of reclaim for which the kernel has no trace event, so that a scenario can follow a call
// from its first priority to its last retry (reference 02 §2.2, 14 §14.1).
//
// Each is called after what does it in the kernel. They are kept by a recorder alone: the digest,
// which covers what came of them, does not know them.

package enum ReclaimStep: Sendable, Equatable {
  /// Why do_try_to_free_pages begins another cycle.
  package enum Cycle: String, Sendable {
    case first
    /// Lists were left alone because nothing of them was to be deactivated.
    case deactivate
    /// Cgroups were left alone because of memory.low.
    case low
  }

  /// vmpressure's level of a window.
  package enum PressureLevel: String, Sendable {
    case low, medium, critical
  }

  /// A cycle begins. `stall`: the counter that grew by one; nil inside a cgroup.
  case cycle(Cycle, stall: String?)
  /// A priority is over.
  case priority(Int, scanned: Int, reclaimed: Int)
  /// A window of the machine's own reclaim is full.
  case pressure(scanned: Int, reclaimed: Int, PressureLevel)
  /// From here on these activations by refault are old ones.
  case snapshotRefaults(anon: Int, file: Int)
  /// A cycle is over: how long it took its task. Nanoseconds.
  case delay(UInt64)

  package var name: String {
    switch self {
    case .cycle: "do_try_to_free_pages"
    case .priority: "shrink_zones"
    case .pressure: "vmpressure"
    case .snapshotRefaults: "snapshot_refaults"
    case .delay: "delayacct_freepages"
    }
  }

  package var payload: String {
    switch self {
    case .cycle(let cycle, let stall): "cycle=\(cycle.rawValue) counted=\(stall ?? "none")"
    case .priority(let priority, let scanned, let reclaimed):
      "priority=\(priority) nr_scanned=\(scanned) nr_reclaimed=\(reclaimed)"
    case .pressure(let scanned, let reclaimed, let level):
      "scanned=\(scanned) reclaimed=\(reclaimed) level=\(level.rawValue)"
    case .snapshotRefaults(let anon, let file): "anon=\(anon) file=\(file)"
    case .delay(let nanoseconds): "delay_ns=\(nanoseconds)"
    }
  }
}
