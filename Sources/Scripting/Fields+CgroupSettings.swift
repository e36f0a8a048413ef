// SPDX-License-Identifier: Apache-2.0
// The files of a memory cgroup out of a table: max is memory.max, swap_max memory.swap.max.

import Lua
import UAPI

extension FieldList {
  static let cgroupFiles = FieldList(
    "CgroupFiles",
    [
      ("max", "Limit", "memory.max: the limit"),
      ("swap_max", "Limit", "memory.swap.max: how much of it may be in swap"),
      ("high", "Limit", "memory.high"),
      ("low", "Limit", "memory.low"),
      ("min", "Limit", "memory.min"),
      ("swap_high", "Limit", "memory.swap.high"),
      ("oom_group", "boolean", "memory.oom.group"),
    ],
    elsewhere: [
      "memory": "belongs to m:cgroup; here its fields stand alone, as { max = … }",
      "peak": "is read, with cg:peak(); writing it, which begins anew for that reader, came with "
        + "Linux 6.12, which is not built",
    ])
}

extension Fields {
  /// Where they belong, said to whoever writes them beside the cgroup's name.
  static let cgroupFilesElsewhere = Dictionary(
    uniqueKeysWithValues: FieldList.cgroupFiles.names.map {
      ($0, "belongs into memory = { \($0) = … }")
    })

  /// What is to be written, in the order in which protections precede limits.
  func cgroupSettings() throws(LuaError) -> [CgroupSetting] {
    try expect(.cgroupFiles)
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
