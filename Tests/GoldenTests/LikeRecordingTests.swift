// SPDX-License-Identifier: Apache-2.0
// A recorded workload written as a scenario counts what it counts through `validate`, and the real
// kernel's numbers in an example are those of the recording.

import Fidelity
import Foundation
import Testing

@Suite struct LikeRecordingTests {
  private static func recording(_ name: String, kernel: String = "6.1") -> URL {
    Command.root.appendingPathComponent(
      "Tests/FidelityTests/recordings/\(kernel)-classic/\(name).json.gz")
  }
  private static let fileZipf = recording("memcg-file-zipf")

  /// Recorded workloads, written as scenarios.
  private static let workloads = [
    (
      "memcg-file-zipf",
      """
      local data = t:open "data"
      data:advise "random"
      data:read { pattern = "zipf", n = "96 MiB", count = 30000, seed = 1, scramble = 1 }
      t:mark "warmup"
      data:read { pattern = "zipf", n = "96 MiB", count = 30000, seed = 2, scramble = 1 }
      t:mark "steady"
      """
    ),
    (
      "memcg-anon-hotcold",
      """
      local area = t:map("64 MiB", { name = "A" })
      area:touch()
      t:mark "fill"
      area:touch { pattern = "hot", hot = "16 MiB", pct = 95, count = 40000, seed = 1 }
      t:mark "hot1"
      area:touch { pattern = "hot", hot = "16 MiB", pct = 95, count = 40000, seed = 2 }
      t:mark "hot2"
      """
    ),
  ]

  /// A scenario that performs the workload and prints every counter at every mark, "mark name
  /// value".
  private static func scenario(_ workload: String) -> String {
    """
    local m = machine { like = "recording.json" }
    local base = m:vmstat()
    local a = m:cgroup { name = "a", memory = { max = "32 MiB" } }
    m:spawn("main", function(t)
      t:move(a)
      \(workload)
    end)
    m:run()
    for name, value in pairs(base) do print("base", "vmstat." .. name, value) end
    for _, mark in ipairs(m:marks()) do
      for name, value in pairs(mark.vmstat) do print(mark.name, "vmstat." .. name, value) end
      for name, value in pairs(mark.cgroups.a.stat) do print(mark.name, name, value) end
      for name, value in pairs(mark.cgroups.a.events) do
        print(mark.name, "event_" .. name, value)
      end
      print(mark.name, "current", mark.cgroups.a.current)
      print(mark.name, "swap_current", mark.cgroups.a.swap_current)
    end
    """
  }

  /// Counters by mark and name.
  private static func counters(
    of workload: String, like recording: URL
  ) throws -> [String: [String: Int]] {
    try Command.withFolder { folder in
      let bytes = try RecordingFile(path: recording.path).bytes
      try Data(bytes).write(to: folder.appendingPathComponent("recording.json"))
      try Data(scenario(workload).utf8).write(to: folder.appendingPathComponent("s.lua"))
      let run = try Command(["s.lua"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      var counters: [String: [String: Int]] = [:]
      for line in run.output.split(separator: "\n") {
        let words = line.split(separator: "\t")
        if words.count == 3, let value = Int(words[2]) {
          counters[String(words[0]), default: [:]][String(words[1])] = value
        }
      }
      return counters
    }
  }

  @Test(arguments: workloads, ["5.10", "6.1"])
  func aScenarioCountsWhatValidateCounts(
    _ recorded: (name: String, workload: String), _ kernel: String
  ) throws {
    let (name, workload) = recorded
    let recording = Self.recording(name, kernel: kernel)
    let scenario = try Self.counters(of: workload, like: recording)
    let json = try Command(["validate", "--json", recording.path]).output
    let answer = try JSONSerialization.jsonObject(with: Data(json.utf8)) as! [[String: Any]]
    let intervals = answer[0]["intervals"] as! [[String: Any]]
    var compared = 0
    // The last interval is the end of the workload program, which a scenario has not got.
    for interval in intervals.dropLast() {
      let from = interval["from"] as! String, to = interval["to"] as! String
      for (name, cell) in interval["counters"] as! [String: [String: Any]] {
        guard let mine = Self.cell(name, scenario[from] ?? [:], scenario[to] ?? [:]) else {
          continue
        }
        compared += 1
        #expect(mine == cell["sim"] as? Int, "\(from)..\(to) \(name)")
      }
    }
    #expect(compared > 100)
  }

  /// The cell as `validate` names it: differences, but memory.stat's levels in pages at the end.
  private static func cell(
    _ name: String, _ before: [String: Int], _ after: [String: Int]
  ) -> Int? {
    if name.hasPrefix("vmstat.") {
      return after[name].map { $0 - (before[name] ?? 0) }
    }
    let field = name.replacingOccurrences(of: "cgroup:/a.", with: "")
    guard let value = after[field] else { return nil }
    let isFlow = ["pg", "workingset_", "event_"].contains { field.hasPrefix($0) }
    return isFlow ? value - (before[field] ?? 0) : value / 4096
  }

  /// What is not built ends a scenario with file and line, from wherever it is asked.
  @Test func aStoreToASharedFileMappingIsRefusedWithFileAndLine() throws {
    try Command.withFolder { folder in
      let bytes = try RecordingFile(path: Self.fileZipf.path).bytes
      try Data(bytes).write(to: folder.appendingPathComponent("recording.json"))
      let text = """
        local m = machine { like = "recording.json" }
        m:spawn("main", function(t)
          local area = t:map { file = "data", size = "1 MiB" }
          area:touch { write = false }
          area:touch()
        end)
        m:run()
        """
      try Data(text.utf8).write(to: folder.appendingPathComponent("s.lua"))
      let run = try Command(["s.lua"], in: folder)
      #expect(run.status == 1)
      #expect(
        run.errors.hasPrefix(
          "reclaimlua: s.lua:5: writing to a shared file mapping ('area 1') needs dirty pages"),
        "\(run.errors)")
    }
  }

  @Test func theRealKernelsNumbersInTheExampleAreTheRecordings() throws {
    let text = try String(
      contentsOf: Command.root.appendingPathComponent("examples/first_reclaim.lua"),
      encoding: .utf8)
    let bytes = try RecordingFile(path: Self.fileZipf.path).bytes
    let recording = try JSONSerialization.jsonObject(with: Data(bytes)) as! [String: Any]
    for (example, mark) in [("warm", "warmup"), ("steady", "steady")] {
      let block = text.components(separatedBy: "  \(example) = {")[1].components(separatedBy: "}")[
        0]
      let marks = recording["marks"] as! [[String: Any]]
      let cgroups = marks.first { $0["name"] as? String == mark }!["cgroups"] as! [String: Any]
      let stat = (cgroups["a"] as! [String: Any])["stat"] as! [String: Any]
      let pairs = block.split(separator: ",").map { $0.split(separator: "=") }
        .filter { $0.count == 2 }
      #expect(pairs.count == 6)
      for pair in pairs {
        let name = pair[0].trimmingCharacters(in: .whitespacesAndNewlines)
        let value = Int(pair[1].trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(value == stat[name] as? Int, "\(mark) \(name)")
      }
    }
  }

  @Test func theExamplesMachineIsTheQuestionOfTheRecording() throws {
    func question(_ path: URL) throws -> RecordingQuestion {
      try RecordingQuestion(
        RecordingFile(path: "machine.json", bytes: RecordingFile(path: path.path).bytes))
    }
    let machine = Command.root.appendingPathComponent("examples/machines/6.1-384m.json")
    #expect(try question(machine) == question(Self.fileZipf))
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: machine)) as! [String: Any]
    let marks = json["marks"] as! [[String: Any]]
    #expect(marks.compactMap { $0["name"] as? String } == ["warm", "base"])
  }
}
