// SPDX-License-Identifier: Apache-2.0
// The recordings that lie beside the tests, and ways to damage or strip them.

import Fidelity
import Foundation

enum Shipped {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  static let recordings = kernels.appendingPathComponent("6.1-classic")
  private static let kernels = folder.appendingPathComponent("recordings")

  /// Names of the recordings of 6.1 without ".json.gz", sorted.
  static var names: [String] { names(of: "6.1-classic") }

  /// The recordings of every kernel, "5.10-classic/tiny-file"; sorted.
  static var allNames: [String] {
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: kernels.path)) ?? []
    return folders.flatMap { folder in names(of: folder).map { "\(folder)/\($0)" } }.sorted()
  }

  /// Those, and with RECORDINGS=FOLDER in the environment every recording of a folder of folders:
  /// for what has to hold of any recorded machine.
  static var everywhere: [String] {
    guard let folder = ProcessInfo.processInfo.environment["RECORDINGS"] else { return allNames }
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let all = files.filter { $0.hasSuffix(".json") || $0.hasSuffix(".json.gz") }.sorted()
    return allNames + all.map { "\(folder)/\($0)" }
  }

  private static func names(of kernel: String) -> [String] {
    let folder = kernels.appendingPathComponent(kernel).path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json.gz") }.map { String($0.dropLast(8)) }.sorted()
  }

  /// - Parameter name: with its kernel's folder before it, or alone where it is one of 6.1.
  static func file(_ name: String) throws -> RecordingFile {
    if name.hasSuffix(".json") || name.hasSuffix(".gz") { return try RecordingFile(path: name) }
    let folder = name.contains("/") ? kernels : recordings
    return try RecordingFile(path: folder.appendingPathComponent("\(name).json.gz").path)
  }

  static func question(_ name: String) throws -> RecordingQuestion {
    try RecordingQuestion(try file(name))
  }

  /// A recording's JSON, for tests that change it.
  static func json(_ name: String) throws -> [String: Any] {
    let text = Data(try file(name).bytes)
    return try JSONSerialization.jsonObject(with: text) as? [String: Any] ?? [:]
  }

  /// A run of the recorded machine with another workload, every invariant checked.
  static func run(_ ops: [String], on name: String) throws -> WorkloadRun {
    try run([("main", ops)], on: name)
  }

  /// - Parameter tasks: what they do; in a recording with several they stand sorted.
  static func run(
    _ tasks: [(name: String, ops: [String])], on name: String
  ) throws -> WorkloadRun {
    var json = try json(name)
    var scenario = json["scenario"] as! [String: Any]
    scenario["tasks"] = Dictionary(uniqueKeysWithValues: tasks)
    json["scenario"] = scenario
    return try WorkloadRunner.run(
      RecordingQuestion(try recording(name, json)), paranoid: true)
  }

  /// The text of changed JSON as a recording under the same path, its keys sorted: of a recording
  /// with several tasks this is another order.
  static func recording(_ name: String, _ json: [String: Any]) throws -> RecordingFile {
    RecordingFile(
      path: try file(name).path,
      bytes: [UInt8](try JSONSerialization.data(withJSONObject: json, options: .sortedKeys)))
  }

  /// The recording without its answers, as the official score hands it out.
  static func stripped(_ name: String) throws -> RecordingFile {
    let whole = try json(name)
    let keep = ["format", "scenario_name", "kernel", "lru_gen", "qemu", "scenario", "machine"]
    var question = whole.filter { keep.contains($0.key) }
    let marks = whole["marks"] as? [[String: Any]] ?? []
    question["marks"] = Array(
      marks.filter { ["warm", "base"].contains($0["name"] as? String) }.prefix(2))
    let ops = whole["ops"] as? [[String: Any]] ?? []
    question["ops"] = ops.filter { $0["task"] as? String == "setup" }
      .map { op in op.filter { ["task", "i", "op", "ret"].contains($0.key) } }
    return try recording(name, question)
  }

  /// A question as small as one can be, with these tasks, written in this order.
  static func small(
    tasks: [(name: String, ops: [String])], setup: [String] = ["mkfile data 8M"],
    setupResults: [Int] = [0], kernel: String = "6.1.0-test"
  ) throws -> RecordingFile {
    func list(_ ops: [String]) -> String {
      "[" + ops.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }
    let ops = setupResults.enumerated().map {
      #"{"task": "setup", "i": \#($0), "op": "", "ret": \#($1)}"#
    }
    let text = """
      {"format": "reclaim-lab-1", "kernel": {"release": "\(kernel)"}, "lru_gen": "0",
       "scenario": {"name": "small", "family": "a", "setup": \(list(setup)), "tasks": {
         \(tasks.map { "\"\($0.name)\": \(list($0.ops))" }.joined(separator: ",\n   "))}},
       "machine": {"sysctl": {}, "zoneinfo": {"0": {"zones": {}}}},
       "marks": [{"name": "base", "t": 5, "vmstat": {}, "nodes": {}, "buddyinfo": {},
                  "cgroups": {}}],
       "ops": [\(ops.joined(separator: ", "))]}
      """
    return RecordingFile(path: "small.json", bytes: Array(text.utf8))
  }
}
