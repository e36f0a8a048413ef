// SPDX-License-Identifier: Apache-2.0
// scripts/capture-host over trees of /proc and /sys, and what becomes of the file: one node boots
// with the marks its kernel printed, two nodes and cgroup v1 are refused by name.

import Foundation
import Testing

@Suite struct CapturedHostTests {
  private static let hosts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("hosts")

  private static func capture(_ tree: String, into folder: URL) throws {
    let file = folder.appendingPathComponent("host.json")
    try Data().write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", Command.root.appendingPathComponent("scripts/capture-host").path,
      hosts.appendingPathComponent(tree).path,
    ]
    process.standardOutput = try FileHandle(forWritingTo: file)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  /// What a script prints and complains of, beside the captured tree's host.json.
  private static func run(_ script: String, on tree: String) throws -> Command {
    try Command.withFolder { folder in
      try capture(tree, into: folder)
      try Data(script.utf8).write(to: folder.appendingPathComponent("s.lua"))
      return try Command(["s.lua"], in: folder)
    }
  }

  /// "Normal min 12431", from the tree's own zoneinfo.
  private static func printed(by tree: String) throws -> Set<String> {
    let text = try String(
      contentsOf: hosts.appendingPathComponent("\(tree)/proc/zoneinfo"), encoding: .utf8)
    var zone = "", isCPU = false, lines: Set<String> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "Node" { (zone, isCPU) = (words[3], false) }
      if words[0] == "cpu:" { isCPU = true }
      guard ["DMA", "DMA32", "Normal"].contains(zone) else { continue }
      if words[0] == "pages", words[1] == "free" { lines.insert("\(zone) free \(words[2])") }
      if ["min", "low", "high", "spanned", "present", "managed"].contains(words[0]), !isCPU {
        lines.insert("\(zone) \(words[0]) \(words[1])")
      }
      if isCPU, ["high:", "batch:"].contains(words[0]) {
        lines.insert("\(zone) \(words[0]) \(words[1])")
      }
      if words[0] == "protection:" { lines.insert("\(zone) \(words.joined(separator: " "))") }
    }
    return lines
  }

  @Test func aHostOfOneNodeBootsWithWhatItsKernelPrinted() throws {
    let run = try Self.run(
      """
      local m = machine { like = "host.json" }
      local zone, cpu
      for line in m:proc("zoneinfo"):gmatch "[^\\n]+" do
        local words = {}
        for word in line:gmatch "%S+" do words[#words + 1] = word end
        if words[1] == "Node" then zone, cpu = words[4], false end
        if words[1] == "cpu:" then cpu = true end
        if words[1] == "pages" then print(zone, "free", words[3]) end
        if words[1] == "protection:" then print(zone, table.concat(words, " ")) end
        if #words == 2 and (cpu or not words[1]:find "_") then print(zone, words[1], words[2]) end
      end
      """, on: "one-node")
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output.hasPrefix(
        "seed 1   kernel 6.1   machine 1 node, 1 of its 2 CPUs, 11482 MiB managed, like host.json\n"
      ))
    let shown = Set(
      run.output.split(separator: "\n").map { $0.replacingOccurrences(of: "\t", with: " ") })
    let printed = try Self.printed(by: "one-node")
    #expect(printed.count == 3 * 10)
    for line in printed { #expect(shown.contains(line), "\(line)") }
  }

  @Test func itsCgroupsAreThere() throws {
    let run = try Self.run(
      """
      local m = machine { like = "host.json" }
      print(m:snapshot().cgroups["system.slice/db.service"].current)
      local slice = m:cgroup { name = "system.slice" }
      local db = m:cgroup { name = "db.service", parent = slice }
      m:spawn("w", { cgroup = db }, function(t)
        t:map("3 GiB"):touch()
      end)
      m:run()
      print(db:events().oom_kill)
      """, on: "one-node")
    #expect(run.output.contains("\n0\n") && run.output.contains("\n1\n"), "\(run.errors)")
  }

  @Test(arguments: [
    ("two-nodes", "machines of several nodes (2) are not built"),
    (
      "cgroup-v1",
      "its memory controller is mounted as cgroup v1, which is not built; built: v2"
    ),
  ])
  func whatIsNotBuiltIsRefusedByName(_ tree: String, _ message: String) throws {
    let run = try Self.run("machine { like = 'host.json' }", on: tree)
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("reclaimlua: s.lua:1: machine: like 'host.json': \(message)\n"))
  }

  @Test func anotherKernelRunsOnItsZones() throws {
    let run = try Self.run(
      "local m = machine { like = 'host.json', kernel = '5.10' } print(m.node[0].zones.DMA32.low)",
      on: "one-node")
    #expect(run.output.contains("kernel 5.10   machine 1 node"))
    #expect(run.output.contains("(zones, watermarks and lists as 6.1 had them)"))
    #expect(run.output.contains("\n5552\n"))
  }
}
