// SPDX-License-Identifier: Apache-2.0
// What ends a run that does not end by itself: too many events, or somebody outside.
//
// It is looked at after each operation of a task, and within reads and touches, which are cut
// short. Then no task goes on, time passes to where nothing is due any more, and `m:run` raises an
// error that says why.

import Lua
import Timeline
import UAPI

package struct RunLimits: Sendable {
  /// Events of one machine: operations, and trace points of the kernel.
  package var events: UInt64

  /// About a minute of work of the host.
  package static let defaultEvents: UInt64 = 20_000_000

  package init(events: UInt64 = defaultEvents) { self.events = events }
}

extension ScenarioHost {
  /// Whether tasks of the machine may ask for anything more.
  func mayGoOn(_ machine: MachineObject) -> Bool {
    if stopped != nil { return false }
    let now = machine.timeline.now, events = machine.backend.eventCount
    if let progress = outside.progress { progress(now, events) }
    if LuaInterruption.isRequested {
      stopped = "interrupted"
    } else if events >= limits.events {
      let passed = (now - machine.atBoot.at).text
      stopped = """
        \(events) events have happened in \(passed) of simulated time, and no end is in sight; \
        give m:run a time, as in m:run "60 s", or allow more with --max-events N
        """
    }
    return stopped == nil
  }
}
