// SPDX-License-Identifier: Apache-2.0
// The files of a memory cgroup out of a table: max is memory.max, swap_max memory.swap.max.

import Lua
import UAPI

extension Fields {
  private static let cgroupFiles = [
    "max", "high", "low", "min", "swap_max", "swap_high", "oom_group",
  ]

  /// Where they belong, said to whoever writes them beside the cgroup's name.
  static let cgroupFilesElsewhere = Dictionary(
    uniqueKeysWithValues: cgroupFiles.map { ($0, "belongs into memory = { \($0) = … }") })

  /// What is to be written, in the order in which protections precede limits.
  func cgroupSettings() throws(LuaError) -> [CgroupSetting] {
    try expect(
      only: Self.cgroupFiles,
      elsewhere: ["memory": "belongs to m:cgroup; here its fields stand alone, as { max = … }"])
    var settings: [CgroupSetting] = []
    if let pages = try limit("min") { settings.append(.min(pages)) }
    if let pages = try limit("low") { settings.append(.low(pages)) }
    if let pages = try limit("high") { settings.append(.high(pages)) }
    if let pages = try limit("max") { settings.append(.max(pages)) }
    if let pages = try limit("swap_high") { settings.append(.swapHigh(pages)) }
    if let pages = try limit("swap_max") { settings.append(.swapMax(pages)) }
    if let whole = try flag("oom_group") { settings.append(.oomGroup(whole)) }
    return settings
  }
}
