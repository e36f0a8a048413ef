// SPDX-License-Identifier: Apache-2.0
// Recordings in which a real kernel killed a task: the same one dies, with the same report.

import Fidelity
import Testing
import UAPI

@Suite struct OomTests {
  private static let recordings = ["memcg-anon-swapmax-oom", "r-0045"]

  private func compare(_ name: String) throws -> (Comparison, RecordingAnswers) {
    let file = try Shipped.file(name)
    let question = try RecordingQuestion(file)
    let run = try WorkloadRunner.run(question, recordEvents: true)
    let answers = try RecordingAnswers(file)
    return (Comparison(question: question, run: run, answers: answers), answers)
  }

  @Test(arguments: recordings)
  func theKernelLogIsTheRecordedOne(name: String) throws {
    let (comparison, answers) = try compare(name)
    let log = KernelLogComparison(answers: answers, run: comparison.run)
    #expect(log.recorded.count == 10)
    #expect(log.isEqual, "\(log.lines.joined(separator: "\n"))")
  }

  @Test(arguments: zip(recordings, ["hog", "main"]))
  func theSameTaskDies(name: String, victim: String) throws {
    let (comparison, _) = try compare(name)
    #expect(comparison.run.killed == [victim])
    #expect(comparison.outcomeDifferences == [])
    let kills = comparison.cells.filter { $0.name.hasSuffix("oom_kill") }
    #expect(!kills.isEmpty && kills.allSatisfy { $0.real == 1 && $0.equal })
    let marks = comparison.run.events.joined().filter { $0.name == "mark_victim" }
    #expect(marks.count == 1)
  }

  @Test func aDeathOnOneSideOnlyIsADifference() throws {
    let (comparison, answers) = try compare("r-0045")
    let alive = WorkloadRun(
      marks: comparison.run.marks, events: [], results: comparison.run.results, digest: "")
    let told = Comparison(question: comparison.question, run: alive, answers: answers)
    #expect(told.outcomeDifferences == ["task main: real killed, sim exited"])
  }

  @Test func whatBelongsToTheProgramIsMasked() {
    let row = "<6> [     82]     0    82    33348     8696   266240     4096             0 init"
    let other = "<6> [      3]     0     3    12345     8696   266240     4096             0 init"
    #expect(KernelLogComparison.masked(row) == KernelLogComparison.masked(other))
    let larger = "<6> [     82]     0    82    33348     8697   266240     4096             0 init"
    #expect(KernelLogComparison.masked(row) != KernelLogComparison.masked(larger))
    let heading = "<6> [  pid  ]   uid  tgid total_vm"
    #expect(KernelLogComparison.masked(heading) == heading)
    #expect(
      KernelLogComparison.masked("Killed process 82 (init) total-vm:1kB, file-rss:812kB, UID:0")
        == "Killed process * (init) total-vm:*kB, file-rss:*kB, UID:0")
  }

  @Test func theCallTraceIsLeftOut() {
    let log = KernelLogComparison(
      recorded: [
        "12 <4> init invoked oom-killer: order=0", "13 <4> Call Trace:", "14 <4>  dump+0x4/0x5",
        "15 <6> memory: usage 4kB",
      ], simulated: [])
    #expect(log.recorded == ["<4> init invoked oom-killer: order=0", "<6> memory: usage 4kB"])
    #expect(!log.isEqual)
  }
}
