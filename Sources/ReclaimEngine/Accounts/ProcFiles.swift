// SPDX-License-Identifier: Apache-2.0
// Files of /proc as the kernel prints them: its names, its order, its columns. Lines of what is not
// simulated are left out, so nobody reads a zero that nobody counted.

package import UAPI

extension Machine {
  package func text(of file: ProcFile) -> String? {
    switch file {
    case .vmstat: memory.vmstatText(observe())
    case .meminfo: memory.meminfo(observe()).text
    case .zoneinfo: memory.zoneinfoText(observe().nodes[0], zoneSpecs)
    case .buddyinfo: memory.buddyinfoText(observe().nodes[0])
    case .pagetypeinfo: memory.pagetypeinfoText
    case .swaps: memory.swapsText
    case .pressure: memory.pressure.snapshot(of: MemcgTree.rootNumber).text + "\n"
    }
  }
}

extension Memory {
  fileprivate func vmstatText(_ seen: Snapshot) -> String {
    seen.fields.map { "\($0.name) \(seen[$0])\n" }.joined()
  }

  fileprivate func buddyinfoText(_ seen: NodeSnapshot) -> String {
    seen.zones.map { zone in
      "Node \(node.number), zone \(Columns.right(zone.kind.name, 8)) "
        + zone.freeBlocks.map { Columns.right("\($0)", 6) + " " }.joined() + "\n"
    }.joined()
  }

  /// Free blocks by mobility: the first table of the file.
  fileprivate var pagetypeinfoText: String {
    let order = BuddyAllocator.pageblockOrder
    let orders = (0..<BuddyAllocator.orders).map { Columns.right("\($0)", 6) + " " }.joined()
    let names: [(Mobility, String)] = [
      (.unmovable, "Unmovable"), (.movable, "Movable"), (.reclaimable, "Reclaimable"),
    ]
    var text = "Page block order: \(order)\nPages per block:  \(1 << order)\n\n"
    text += Columns.left("Free pages count per migrate type at order", 43) + orders + "\n"
    for zone in node.zones {
      for (mobility, name) in names {
        text +=
          "Node \(Columns.right("\(node.number)", 4)), zone \(Columns.right(zone.kind.name, 8)), "
        text += "type \(Columns.right(name, 12)) "
        text += (0..<BuddyAllocator.orders).map {
          Columns.right("\(zone.buddy.freeBlocks(order: $0, mobility))", 6) + " "
        }.joined()
        text += "\n"
      }
    }
    return text
  }

  fileprivate var swapsText: String {
    let head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
    guard let area = swap?.area else { return head }
    let kibibytes = { (pages: Int) in pages * Pages.size / 1024 }
    return head + Columns.left("/dev/\(area.device.name)", 40)
      + "partition\t\(kibibytes(area.total))\t\t\(kibibytes(area.total - area.free))\t\t-2\n"
  }
}

/// Words in columns, as printf aligns them.
enum Columns {
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }
}
