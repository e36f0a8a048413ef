// SPDX-License-Identifier: Apache-2.0
// What files of /proc say, against marks of real kernels: which counters there are and in which
// order, and what /proc/meminfo makes of them.

import Fidelity
import Foundation
import ReclaimEngine
import Testing
import UAPI

@Suite struct ProcTextTests {
  /// The counters of a kernel's form stand in the recorded file, in that order.
  @Test(arguments: Shipped.everywhere)
  func vmstatHasTheKernelsFieldsInItsOrder(name: String) throws {
    let question = try Shipped.question(name)
    let text = String(decoding: try Shipped.file(name).bytes, as: UTF8.self)
    let recorded = Self.keys(ofFirst: "vmstat", in: text)
    let form: VmstatForm = recorded.contains("nr_swapcached") ? .tablesOfNode : .tablesOfZone
    let own = form.counters.map(\.name)
    #expect(recorded.filter(own.contains) == own, "\(question.kernel)")
  }

  /// The keys of an object of numbers, in the order of the file, which a decoder does not keep.
  private static func keys(ofFirst field: String, in text: String) -> [String] {
    guard
      let begin = text.range(of: "\"\(field)\": {\"nr_free_pages\"")
        ?? text.range(of: "\"\(field)\":{\"nr_free_pages\""),
      let open = text[begin.lowerBound...].firstIndex(of: "{"),
      let close = text[open...].firstIndex(of: "}")
    else { return [] }
    return text[open..<close].split(separator: "\"").filter {
      $0.first?.isLetter == true
    }.map(String.init)
  }

  /// Every mark but those where the kernel moved pages between reading the two files.
  @Test(arguments: Shipped.everywhere)
  func meminfoFollowsFromTheCounters(name: String) throws {
    let json = try Shipped.json(name)
    let marks = try #require(json["marks"] as? [[String: Any]])
    let zones = try Self.zones(json)
    guard zones.nodes == 1 else { return }
    var differences: [String] = []
    for mark in marks {
      guard let recorded = mark["meminfo_kb"] as? [String: Int] else { continue }
      let info = try Self.meminfo(mark, zones, recorded)
      // Without a column for it, 5.10 does not tell of a boost.
      let unseen = zones.boost(mark) == nil ? ["MemAvailable"] : []
      let bad = info.lines.filter {
        recorded[$0.name] != $0.kilobytes && !unseen.contains($0.name)
      }
      if !bad.isEmpty {
        differences.append("\(mark["name"] ?? ""): \(bad), \(bad.map { recorded[$0.name] ?? -1 })")
      }
    }
    // Of 881 marks three were read while a page moved.
    #expect(differences.count <= 1, "\(differences)")
  }

  private struct Zones {
    var nodes = 0, managed = 0, reserve = 0, low = 0

    /// Pages by which marks are raised, as a mark shows it; nil where the kernel shows none.
    func boost(_ mark: [String: Any]) -> Int? {
      let nodes = mark["zones"] as? [String: [String: [String: Int]]] ?? [:]
      let boosts = nodes.values.flatMap { $0.values.map { $0["boost"] } }
      return boosts.contains(nil) ? nil : boosts.reduce(0) { $0 + $1! }
    }
  }

  private static func zones(_ json: [String: Any]) throws -> Zones {
    let machine = try #require(json["machine"] as? [String: Any])
    let nodes = try #require(machine["zoneinfo"] as? [String: [String: Any]])
    var all = Zones()
    all.nodes = nodes.count
    for node in nodes.values {
      for zone in try #require(node["zones"] as? [String: [String: Any]]).values {
        func number(_ key: String) -> Int { zone[key] as? Int ?? 0 }
        all.managed += number("managed")
        all.low += number("low")
        all.reserve += Watermarks.reserve(
          managed: number("managed"), high: number("high"),
          protection: zone["protection"] as? [Int] ?? [])
      }
    }
    return all
  }

  private static func meminfo(
    _ mark: [String: Any], _ zones: Zones, _ recorded: [String: Int]
  ) throws -> Meminfo {
    let vmstat = try #require(mark["vmstat"] as? [String: Int])
    var info = Meminfo(
      vmstat: VmCounter.allCases.map { vmstat[$0.name] ?? 0 }, managed: zones.managed,
      totalReserve: zones.reserve, lowMarks: zones.low + (zones.boost(mark) ?? 0),
      buffers: recorded["Buffers", default: 0] / 4)
    info.swapTotal = recorded["SwapTotal", default: 0] / 4
    info.swapFree = recorded["SwapFree", default: 0] / 4
    info.swapCached = vmstat["nr_swapcached"] ?? recorded["SwapCached", default: 0] / 4
    info.otherReclaimable = vmstat["nr_kernel_misc_reclaimable"] ?? 0
    return info
  }
}
