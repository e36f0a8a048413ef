// SPDX-License-Identifier: Apache-2.0
// The shipped recordings performed by the engine: how many cells hold, and that nothing but the
// question decides.

import Fidelity
import Foundation
import Testing
import UAPI

@Suite(.serialized) struct EndToEndTests {
  private func compare(_ file: RecordingFile, events: Bool = false) throws -> Comparison {
    let question = try RecordingQuestion(file)
    let run = try WorkloadRunner.run(question, recordEvents: events)
    return Comparison(question: question, run: run, answers: try RecordingAnswers(file))
  }

  private func measured(_ comparison: Comparison) -> Floor.Entry {
    Floor.Entry(
      cells: comparison.cells.count, hold: comparison.holding, equal: comparison.equal,
      zeros: comparison.zeros)
  }

  @Test func everyRecordingReachesItsFloor() throws {
    var floor = try Floor.read()
    for name in Shipped.allNames {
      let comparison = try compare(Shipped.file(name))
      let entry = measured(comparison)
      #expect(comparison.run.status == .ok, "\(name): \(comparison.run.reason ?? "")")
      #expect(floor.isReached(by: entry, name), "\(name): \(entry), floor \(floor.entries[name]!)")
      floor.raise(name, to: entry)
    }
    if Floor.isRecorded { try floor.write() }
  }

  @Test(arguments: ["6.1-classic/tiny-file", "5.10-classic/tiny-file", "5.10-classic/tiny-anon"])
  func theSmallestRecordingsAreEqualToThePage(name: String) throws {
    let comparison = try compare(Shipped.file(name))
    #expect(
      comparison.cells.filter { !$0.equal }.map { "\($0.name) \($0.real) \($0.simulated ?? -1)" }
        == [])
    #expect(comparison.outcomeDifferences.isEmpty)
  }

  @Test func theSmallestRecordingHasEveryEventInOrder() throws {
    let file = try Shipped.file("tiny-file")
    let comparison = try compare(file, events: true)
    let compared = try EventComparison(
      recording: file, answers: RecordingAnswers(file), comparison: comparison)
    let events = try #require(compared)
    #expect(events.intervals[0].recorded.count == 228)
    let parting = events.lines.prefix(12).joined(separator: "\n")
    #expect(events.isEqual, "\(parting)")
  }

  /// With --paranoid every invariant is checked after every event: nothing is found, nothing
  /// changes.
  @Test func theSmallestRecordingPassesParanoidChecks() throws {
    let question = try Shipped.question("tiny-file")
    let watched = try WorkloadRunner.run(question, paranoid: true)
    let plain = try WorkloadRunner.run(question)
    #expect(watched.status == .ok)
    #expect(watched.digest == plain.digest && watched.digest != nil)
  }

  @Test func designedRecordingsHoldAndAreMostlyEqual() throws {
    var cells: [Cell] = []
    for name in [
      "tiny-file", "memcg-file-seq", "memcg-file-loop", "memcg-file-zipf", "memcg-workingset",
    ] {
      let comparison = try compare(Shipped.file(name))
      #expect(comparison.misses.map(\.name) == [], "\(name)")
      cells += comparison.cells
    }
    #expect(cells.count { $0.equal } * 100 >= cells.count * 90)
  }

  @Test func randomRecordingsHoldNearlyAll() throws {
    var cells: [Cell] = []
    for name in Shipped.names where name.hasPrefix("r-") {
      cells += try compare(Shipped.file(name)).cells
    }
    #expect(cells.count { $0.holds } * 100 >= cells.count * 97)
  }

  /// Nothing after `base` influences a simulation.
  @Test(arguments: Shipped.allNames)
  func aStrippedRecordingIsSimulatedTheSame(name: String) throws {
    let whole = try compare(Shipped.file(name))
    let stripped = try compare(Shipped.stripped(name))
    #expect(whole.run.status == .ok && stripped.run.status == .ok)
    #expect(stripped.intervals == whole.intervals)
    #expect(stripped.run.digest == whole.run.digest)
    #expect(stripped.cells.isEmpty && !whole.cells.isEmpty)
  }

  /// Keeping the events of a run does not change it.
  @Test func recordingEventsLeavesTheDigestAlone() throws {
    let silent = try compare(Shipped.file("tiny-file"))
    let told = try compare(Shipped.file("tiny-file"), events: true)
    #expect(silent.run.digest == told.run.digest)
    #expect(silent.run.events.reduce(0) { $0 + $1.count } == 0)
    #expect(told.run.events.reduce(0) { $0 + $1.count } > 0)
  }

  @Test func theCommandAnswersZeroWhereEveryCellHolds() throws {
    let path = Shipped.recordings.appendingPathComponent("tiny-file.json.gz").path
    let answer = try CommandTests.validate(["--json", path])
    let rows = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [[String: Any]]
    #expect(answer.status == 0)
    #expect(rows?.first?["status"] as? String == "ok")
    #expect((rows?.first?["intervals"] as? [[String: Any]])?.count == 2)
  }
}
