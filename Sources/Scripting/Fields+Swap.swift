// SPDX-License-Identifier: Apache-2.0
// The swap of a machine out of a table: how large, on which kind of device, and what that kind asks
// for besides.

import Lua
import Timeline
import UAPI

extension FieldList {
  static let swap = FieldList(
    "SwapFields",
    [
      ("size", "Size", "of the area, without its header page; has to be said"),
      ("on", "string", "the kind of device, see below; `\"pmem\"` is the default"),
      ("latency", "Time", "of `\"null\"`: of a request, whatever its size; `\"100 us\"`"),
      ("depth", "integer", "of `\"null\"`: requests worked on at once, 1 to 1024; 64"),
      ("ratio", "number", "of `\"zram\"`: how many times smaller a page gets, 1 to 100; 3"),
    ])
}

extension Fields {
  /// Pages of the largest request of a timed device, as recorded machines have it: 124 KiB.
  private static let timedRequestPages = 31

  /// swap = { size = "256 MiB", on = "pmem" }; nil where a machine says nothing about it.
  func swap() throws(LuaError) -> DiskSpec? {
    guard let swap = try fields("swap")?.named("swap of the machine") else { return nil }
    try swap.expect(.swap)
    guard let size = try swap.size("size") else {
      throw swap.bad("size", expected: #"a size such as "256 MiB""#)
    }
    guard size.pages.count < UInt32.max else {
      throw swap.bad("size", expected: "less than 16 TiB")
    }
    let kind = try swap.kind()
    var disk = DiskSpec(name: "swap", kind: kind, use: .swap, size: size)
    try swap.expect("latency", onlyOn: .null, kind)
    try swap.expect("depth", onlyOn: .null, kind)
    try swap.expect("ratio", onlyOn: .zram, kind)
    if kind == .null {
      disk.requestPages = Self.timedRequestPages
      if let latency = try swap.duration("latency") { disk.latency = latency }
      if let depth = try swap.whole("depth", "how many requests at once, from 1 to 1024") {
        guard (1...1024).contains(depth) else {
          throw swap.bad("depth", expected: "how many requests at once, from 1 to 1024")
        }
        disk.depth = Int(depth)
      }
      disk.queueRequests = disk.depth
    }
    if let bytes = try swap.compressedPage() { disk.compressedPage = bytes }
    return disk
  }

  private func kind() throws(LuaError) -> DiskSpec.Kind {
    let kinds: [DiskSpec.Kind] = [.pmem, .null, .brd, .zram]
    let expected = kinds.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    let name = try string("on", expected) ?? DiskSpec.Kind.pmem.rawValue
    guard let kind = DiskSpec.Kind(rawValue: name) else { throw bad("on", expected: expected) }
    return kind
  }

  /// Refuses a field that the chosen kind of device does not ask for.
  private func expect(
    _ field: String, onlyOn kind: DiskSpec.Kind, _ chosen: DiskSpec.Kind
  ) throws(LuaError) {
    if self[field].isNil || chosen == kind { return }
    throw LuaError(
      "\(owner): field '\(field)' goes with on = \"\(kind.rawValue)\", this is on "
        + "\"\(chosen.rawValue)\"")
  }

  /// Bytes that a page takes at `ratio`: how many times smaller it gets.
  private func compressedPage() throws(LuaError) -> Int? {
    let expected = "how many times smaller a page gets, from 1 to 100"
    let ratio: Double
    switch self["ratio"] {
    case .nil: return nil
    case .integer(let n): ratio = Double(n)
    case .number(let x): ratio = x
    default: throw bad("ratio", expected: expected)
    }
    guard ratio >= 1, ratio <= 100 else { throw bad("ratio", expected: expected) }
    return Int(Double(Pages.size) / ratio)
  }
}
