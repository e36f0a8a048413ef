// SPDX-License-Identifier: Apache-2.0
// m.node[0]: a node as its machine shows it now.

import Lua
import UAPI

/// What m.node is: a list of nodes, counted from 0 as the kernel counts them.
final class NodesObject {
  let nodes: [LuaObject]

  init(_ machine: MachineObject) {
    let count = machine.backend.observe().nodes.count
    nodes = (0..<count).map {
      machine.host.state.wrap(NodeObject($0, of: machine), as: .node)
    }
  }

  static let kind = LuaKind(
    "list of nodes", methods: [],
    element: { list, n in
      let nodes = (list as! NodesObject).nodes
      return nodes.indices.contains(Int(n)) ? .object(nodes[Int(n)]) : nil
    })
}

final class NodeObject {
  let number: Int
  unowned let machine: MachineObject

  init(_ number: Int, of machine: MachineObject) {
    self.number = number
    self.machine = machine
  }

  var snapshot: NodeSnapshot { machine.backend.observe().nodes[number] }
}

extension Chapter {
  static let node = Chapter(
    "node", "m.node[0]",
    [
      Binding(
        "vmstat", "m.node[0]:vmstat()", answers: ["table<string, integer>"],
        "the node's own part of the counters"
      ) { call throws(LuaError) in
        let (node, _) = try call.receive("node:vmstat", on: NodeObject.self, atMost: 0)
        let seen = node.snapshot
        return .values([
          .counters("the node's vmstat", seen.fields.map { ($0.name, seen[$0]) })
        ])
      }
    ],
    properties: [
      Property("number", "integer", "0, 1 …") { .integer(Int64(($0 as! NodeObject).number)) },
      Property("free", "integer", "free memory in bytes; what per-CPU lists hold is not free") {
        .bytes(($0 as! NodeObject).snapshot.zones.reduce(0) { $0 + $1.free })
      },
      Property("managed", "integer", "memory that the kernel manages, in bytes") {
        .bytes(($0 as! NodeObject).snapshot.zones.reduce(0) { $0 + $1.managed })
      },
      Property(
        "zones", "table<string, table<string, integer>>",
        "by name (`DMA`, `DMA32`, `Normal`): `{ free, min, low, high, managed, per_cpu }`, in "
          + "pages as in /proc/zoneinfo"
      ) { ($0 as! NodeObject).snapshot.zoneRecords },
    ])
}

extension LuaKind {
  static var node: LuaKind { Chapter.node.kind }
}

extension LuaValue {
  static func bytes(_ pages: Int) -> LuaValue { .integer(Int64(pages * Pages.size)) }
}

extension NodeSnapshot {
  var zoneRecords: LuaValue {
    .record(
      called: "the node",
      zones.map { zone in
        (
          zone.kind.name,
          .counters(
            "zone \(zone.kind.name)",
            [
              ("free", zone.free), ("min", zone.min), ("low", zone.low), ("high", zone.high),
              ("managed", zone.managed), ("per_cpu", zone.perCPU),
            ])
        )
      })
  }
}
