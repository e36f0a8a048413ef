// SPDX-License-Identifier: Apache-2.0
// A snapshot in a script's hands, and the difference of two, which is a snapshot again.

import Lua
import Timeline
import UAPI

final class SnapshotObject {
  let snapshot: Snapshot
  unowned let machine: MachineObject

  init(_ snapshot: Snapshot, on machine: MachineObject) {
    self.snapshot = snapshot
    self.machine = machine
  }
}

extension Chapter {
  static let snapshot = Chapter(
    "snapshot", "s", [],
    properties: [
      Property("at", "integer", "nanoseconds since boot; of a difference, nanoseconds between") {
        .integer(Int64(($0 as! SnapshotObject).snapshot.at.nanoseconds))
      },
      Property("vmstat", "table<string, integer>", "/proc/vmstat") {
        .counters("vmstat", ($0 as! SnapshotObject).snapshot.vmstatFields)
      },
      Property(
        "cgroups", "table<string, table>",
        "by path, `\"/\"` the root: `{ stat, events, current, swap_current }`"
      ) { ($0 as! SnapshotObject).snapshot.cgroupRecords },
    ],
    operators: [LuaMember("__sub", subtract)])

  /// later - earlier
  private static let subtract: LuaMethod = { call throws(LuaError) in
    guard case .object(let a) = call[1], let later = a.value as? SnapshotObject,
      case .object(let b) = call[2], let earlier = b.value as? SnapshotObject
    else {
      throw LuaError(
        "expected later - earlier, two snapshots, got \(call[1].described) - \(call[2].described)")
    }
    guard later.machine === earlier.machine else {
      throw LuaError("later - earlier: these are snapshots of two machines")
    }
    guard later.snapshot.at >= earlier.snapshot.at else {
      throw LuaError("later - earlier: the first snapshot is the older one")
    }
    let difference = SnapshotObject(later.snapshot - earlier.snapshot, on: later.machine)
    return .values([.object(later.machine.host.state.wrap(difference, as: .snapshot))])
  }
}

extension LuaKind {
  static var snapshot: LuaKind { Chapter.snapshot.kind }
}
