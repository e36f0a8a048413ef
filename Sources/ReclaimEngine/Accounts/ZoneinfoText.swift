// SPDX-License-Identifier: Apache-2.0
// /proc/zoneinfo: the node's items, then zone by zone its marks, sizes, lists and per-CPU lists
// (reference 16 §16.6). Marks are printed with their boost. Zones without memory end behind what
// they keep back.

import UAPI

extension Memory {
  func zoneinfoText(_ seen: NodeSnapshot, _ specs: [ZoneSpec]) -> String {
    var text = ""
    for kind in ZoneSpec.Kind.allCases {
      text += "Node \(node.number), zone \(Columns.right(kind.name, 8))\n"
      guard let at = node.zones.firstIndex(where: { $0.kind == kind }) else {
        text += emptyZone(kind)
        continue
      }
      if at == 0 { text += nodeItems(seen) }
      text += zoneItems(node.zones[at], specs[at])
    }
    // Zone Device, which every recorded kernel has.
    return text + "Node \(node.number), zone   Device\n" + sizes([], Array(repeating: 0, count: 4))
  }

  private func nodeItems(_ seen: NodeSnapshot) -> String {
    "  per-node stats\n"
      + profile.vmstatForm.ofNode.map {
        "      \(Columns.left($0.name, 12)) \(seen[$0])\n"
      }.joined()
  }

  private func emptyZone(_ kind: ZoneSpec.Kind) -> String {
    sizes([], Array(repeating: 0, count: 4))
  }

  /// From free pages to what is kept back. Without rows all are 0.
  private func sizes(_ rows: [(String, Int)], _ protection: [Int]) -> String {
    var names = ["free", "min", "low", "high", "spanned", "present", "managed"]
    if profile.vmstatForm == .tablesOfNode { names.insert("boost", at: 1) }
    var text = ""
    for (k, name) in names.enumerated() {
      let value = rows.first { $0.0 == name }?.1 ?? 0
      text += (k == 0 ? "  pages " : "        ") + "\(Columns.left(name, 8)) \(value)\n"
    }
    // The fifth is against requests of zone Device, which gives nothing.
    let all = protection + protection.suffix(1)
    return text + "        protection: (\(all.map { "\($0)" }.joined(separator: ", ")))\n"
  }

  private func zoneItems(_ zone: Zone, _ spec: ZoneSpec) -> String {
    let marks = zone.watermarks, boost = zone.boost
    var text = sizes(
      [
        ("free", zone.free), ("boost", boost), ("min", marks.min + boost),
        ("low", marks.low + boost), ("high", marks.high + boost), ("spanned", spec.spanned),
        ("present", spec.present), ("managed", zone.managed),
      ], zone.protection)
    let lists = listSizes(in: zone)
    let items: [(VmCounter, Int)] = [
      (.nr_free_pages, zone.free), (.nr_zone_inactive_anon, lists.inactiveAnon),
      (.nr_zone_active_anon, lists.activeAnon), (.nr_zone_inactive_file, lists.inactiveFile),
      (.nr_zone_active_file, lists.activeFile), (.nr_zone_unevictable, lists.unevictable),
      (.nr_zone_write_pending, zone.writePending), (.numa_hit, zone.served),
      (.numa_local, zone.served),
    ]
    for (counter, value) in items {
      text += "      \(Columns.left(counter.name, 12)) \(value)\n"
    }
    text += "  pagesets\n    cpu: 0\n"
    let perCPU = [
      ("count:", zone.perCPU.count), ("high:", zone.perCPU.high), ("batch:", zone.perCPU.batch),
    ]
    for (name, value) in perCPU {
      text += "              \(Columns.left(name, 6)) \(value)\n"
    }
    text += "  vm stats threshold: \(statThreshold(of: zone))\n"
    text += "  node_unreclaimable:  \(kswapd.isHopeless ? 1 : 0)\n"
    return text + "  start_pfn:           \(zone.buddy.start)\n"
  }

  /// How far a CPU's own count of a zone's items may be off; less while kswapd is up.
  private func statThreshold(of zone: Zone) -> Int {
    kswapd.isAsleep
      ? Watermarks.statThreshold(cpus: 1, managed: zone.managed)
      : Watermarks.pressureStatThreshold(
        cpus: 1, low: zone.watermarks.low + zone.boost, min: zone.watermarks.min + zone.boost)
  }

  /// The lists do not know their zones: they are counted.
  func listSizes(in zone: Zone) -> ListSizes {
    var counts = [0, 0, 0, 0, 0]
    for memcg in tree.all {
      for list in 0..<ListIndex.count {
        lists.forEach(of: tree.lruvec(memcg.number).list(list)) { frame in
          if zone.contains(frame) { counts[list] += 1 }
        }
      }
    }
    return ListSizes(
      inactiveAnon: counts[0], activeAnon: counts[1], inactiveFile: counts[2],
      activeFile: counts[3], unevictable: counts[4])
  }
}
