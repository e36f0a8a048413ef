// SPDX-License-Identifier: Apache-2.0
// Each example prints what lies beside this file, to the digest, twice.
//
// RECORD=1 writes the files anew; the difference is then what a reviewer reads.

import Foundation
import Testing

@Suite struct ExampleTests {
  private static let expected = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Expected")

  static var examples: [String] {
    let folder = Command.root.appendingPathComponent("examples")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".lua") }.sorted()
  }

  @Test func thereAreExamples() { #expect(Self.examples.count >= 4) }

  @Test(arguments: examples) func anExamplePrintsWhatItDid(_ name: String) throws {
    let first = try Command(["examples/\(name)"])
    #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
    #expect(try Command(["examples/\(name)"]).output == first.output)
    let file = Self.expected.appendingPathComponent(
      name.replacingOccurrences(of: ".lua", with: ".txt"))
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      try Data(first.output.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == first.output)
  }

  @Test(arguments: examples) func anExampleHoldsOnTheOtherKernel(_ name: String) throws {
    let run = try Command(["--kernel", "5.10", "examples/\(name)"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.output)\(run.errors)")
  }

  @Test func aTasksEndFreesItsAreas() throws {
    let printed = try Command.withFolder { folder in
      let script = folder.appendingPathComponent("s.lua")
      let machine = Command.root.appendingPathComponent("examples/machines/6.1-384m.json")
      try FileManager.default.copyItem(
        at: machine, to: folder.appendingPathComponent("machine.json"))
      let text = """
        local m = machine { like = "machine.json", swap = { size = "64 MiB" } }
        local cg = m:cgroup { name = "a", memory = { max = "8 MiB" } }
        m:spawn("w", { cgroup = cg }, function(t)
          t:map("12 MiB"):touch()
          print(cg:stat().anon > size "6 MiB", m:vmstat().nr_page_table_pages > pagetables)
        end)
        pagetables = m:vmstat().nr_page_table_pages
        m:run()
        print(cg:stat().anon, m:vmstat().nr_page_table_pages - pagetables)
        """
      try Data(text.utf8).write(to: script)
      return try Command([script.path]).output
    }
    #expect(printed.contains("\ntrue\ttrue\n0\t0\n"), "\(printed)")
  }

  @Test func paranoiaChangesNothing() throws {
    let example = "examples/one_reclaim_call.lua"
    #expect(try Command(["--paranoid", example]).output == Command([example]).output)
  }

  @Test func anotherSeedIsAnotherRun() throws {
    let example = "examples/one_reclaim_call.lua"
    let other = try Command(["--seed", "2", example]).output
    #expect(other.hasPrefix("seed 2   "))
    #expect(other.suffix(80) != (try Command([example])).output.suffix(80))
  }
}
