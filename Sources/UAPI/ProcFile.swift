// SPDX-License-Identifier: Apache-2.0
// The files of /proc that a kernel prints of its memory.

package enum ProcFile: String, CaseIterable, Sendable {
  case vmstat, meminfo, zoneinfo, buddyinfo, pagetypeinfo, swaps
  case pressure = "pressure/memory"
}
