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

  @Test func thereAreExamples() { #expect(Self.examples.count >= 2) }

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
