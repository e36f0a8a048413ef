// SPDX-License-Identifier: Apache-2.0
// What a report says about trust is what the shipped recordings show: the table in the source is
// the one that can be made from them and from the floor.

import Fidelity
import Foundation
import Testing
import UAPI

@Suite struct CoverageTests {
  /// What one recording makes use of.
  private struct Use {
    var kernel: String
    var managed: Int
    var mechanisms: [Mechanism]
    var floor: Floor.Entry
  }

  private static let source = Shipped.folder.deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/Fidelity/Coverage+Table.swift")

  private static func uses() throws -> [Use] {
    let floor = try Floor.read()
    return try Shipped.allNames.compactMap { name in
      guard let entry = floor.entries[name] else { return nil }
      let question = try Shipped.question(name)
      let program = try WorkloadOps.program(of: question)
      let spec = try RecordedMachine.spec(of: question, files: program.files)
      var used = program.tasks.flatMap { mechanisms(in: $0.steps) }
      if program.tasks.count > 1 { used.append(.severalTasks) }
      let marks = try Shipped.json(name)["marks"] as? [[String: Any]] ?? []
      func vmstat(_ mark: [String: Any]?) -> [String: Int] {
        mark?["vmstat"] as? [String: Int] ?? [:]
      }
      let base = vmstat(marks.first { $0["name"] as? String == "base" }), end = vmstat(marks.last)
      used += Mechanism.shown { (end[$0.name] ?? 0) - (base[$0.name] ?? 0) }
      return Use(
        kernel: question.kernel,
        managed: spec.nodes.flatMap(\.zones).reduce(0) { $0 + $1.managed },
        mechanisms: Mechanism.allCases.filter(used.contains), floor: entry)
    }
  }

  private static func mechanisms(in steps: [WorkloadStep]) -> [Mechanism] {
    steps.flatMap { step -> [Mechanism] in
      switch step.action {
      case .loop(_, let body): return mechanisms(in: body)
      case .perform(let operation):
        if case .makeCgroup(let path, _) = operation, path.contains("/") { return [.nestedCgroups] }
        return Mechanism(of: operation).map { [$0] } ?? []
      default: return []
      }
    }
  }

  private static func largest(_ uses: [Use]) -> [Coverage.Largest] {
    Set(uses.map(\.kernel)).sorted().map { kernel in
      Coverage.Largest(
        kernel, managed: uses.filter { $0.kernel == kernel }.map(\.managed).max()!)
    }
  }

  private static func table(_ uses: [Use]) -> [Coverage.Row] {
    Set(uses.map(\.kernel)).sorted().flatMap { kernel in
      Mechanism.allCases.compactMap { mechanism in
        let with = uses.filter { $0.kernel == kernel && $0.mechanisms.contains(mechanism) }
        if with.isEmpty { return nil }
        let cells = with.reduce(0) { $0 + $1.floor.cells }
        let equal = with.reduce(0) { $0 + $1.floor.equal }
        return Coverage.Row(kernel, mechanism, with.count, (equal, cells))
      }
    }
  }

  @Test func theTableIsWhatTheShippedRecordingsShow() throws {
    let uses = try Self.uses()
    #expect(uses.count >= 20)
    let largest = Self.largest(uses), table = Self.table(uses)
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      try Self.record(largest, table)
    } else {
      #expect(Coverage.largest == largest)
      #expect(Coverage.table == table)
    }
  }

  private static func record(_ largest: [Coverage.Largest], _ table: [Coverage.Row]) throws {
    let old = try String(contentsOf: source, encoding: .utf8)
    let story = old.components(separatedBy: "extension Coverage")[0]
    let machines = largest.map { "    Largest(\"\($0.kernel)\", managed: \($0.managed)),\n" }
    let rows = table.map {
      "    Row(\"\($0.kernel)\", .\($0.mechanism), \($0.recordings), "
        + "(\($0.equal), \($0.counters))),\n"
    }
    let text = """
      \(story)extension Coverage {
        package static let largest: [Largest] = [
      \(machines.joined())  ]

        package static let table: [Row] = [
      \(rows.joined())  ]
      }

      """
    try Data(text.utf8).write(to: source)
  }

  @Test func whatWasNeverRecordedIsSaidToBeNeverCompared() throws {
    func judge(_ kernel: String, _ shape: MachineShape) -> [String] {
      Coverage.judge(
        MachineReport(
          kernel: kernel, description: "", shape: shape, before: NamedNumbers([]),
          after: NamedNumbers([])))
    }
    #expect(
      judge("5.4", MachineShape(nodes: 1, cpus: 1, managed: 256)) == ["kernel 5.4: never compared"])
    #expect(
      judge("6.1", MachineShape(nodes: 2, cpus: 4, managed: 256 << 20)) == [
        "4 CPUs: never compared", "2 nodes: never compared", "1048576 MiB: never compared",
      ])
    var small = MachineShape(nodes: 1, cpus: 1, managed: 256, recordedOn: "5.10")
    small.mechanisms = [.cleanFiles]
    let lines = judge("6.1", small)
    try #require(lines.count == 3)
    #expect(lines[0] == "1 CPU, 1 node, 1 MiB: as recorded")
    #expect(lines[1] == "memory as 5.10 left it, 6.1 running: never compared")
    #expect(lines[2].hasPrefix("clean files: ") && lines[2].contains(" on 6.1 ("))
  }
}
