// SPDX-License-Identifier: Apache-2.0
// The files of a memory cgroup that can be read, by the kernel's names.

package enum CgroupFile: String, CaseIterable, Sendable {
  case current = "memory.current"
  case peak = "memory.peak"
  case stat = "memory.stat"
  case events = "memory.events"
  case eventsLocal = "memory.events.local"
  case swapCurrent = "memory.swap.current"
  case swapEvents = "memory.swap.events"
  case pressure = "memory.pressure"
  case min = "memory.min"
  case low = "memory.low"
  case high = "memory.high"
  case max = "memory.max"
  case swapHigh = "memory.swap.high"
  case swapMax = "memory.swap.max"
  case oomGroup = "memory.oom.group"
}
