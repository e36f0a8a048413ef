// SPDX-License-Identifier: Apache-2.0
// A report's text, charts, tables and JSON.

import Foundation
import Testing
import Timeline
import UAPI

@Suite struct ReportTests {
  private func machine(_ kernel: String, _ change: Int, watches: [WatchReport] = [])
    -> MachineReport
  {
    var machine = MachineReport(
      kernel: kernel, description: "1 page", shape: MachineShape(nodes: 1, cpus: 1, managed: 1),
      before: NamedNumbers([NamedNumber("pgfault", 1), NamedNumber("pswpin", 5)]),
      after: NamedNumbers([NamedNumber("pgfault", 1 + change), NamedNumber("pswpin", 5)]))
    machine.watches = watches
    return machine
  }

  private func report(_ machine: MachineReport, holds: Bool = true) -> Report {
    var report = Report(script: "s.lua", seed: 1)
    report.machines = [machine]
    report.expectations = [ExpectationReport(what: "it works", holds: holds, place: "s.lua:3")]
    report.digest = "00ff"
    report.events = 12_345
    return report
  }

  @Test func whatChangedIsToldAndWhatFailedHasItsPlace() {
    let text = report(machine("6.1", 7), holds: false).text()
    #expect(text.contains("  pgfault                                           +7    8\n"))
    #expect(!text.contains("pswpin"))
    #expect(text.contains("  FAILED  it works  (s.lua:3)\n"))
    #expect(text.hasSuffix("\ndigest 00ff   12 345 events   0.000 s simulated\n"))
    #expect(report(machine("6.1", 0)).text().contains("vmstat: nothing changed"))
  }

  @Test func colourIsOnlyWhereItIsAskedFor() {
    let report = report(machine("6.1", 7), holds: false)
    #expect(!report.text().contains("\u{1B}"))
    #expect(report.text(TextStyle(color: true)).contains("\u{1B}[31mFAILED\u{1B}[0m"))
  }

  @Test(arguments: [
    (0, "0 ns"), (999, "999 ns"), (1000, "1.00 us"), (1315, "1.31 us"), (13_150, "13.1 us"),
    (131_500, "131 us"), (999_999, "999 us"), (1_050_000, "1.05 ms"), (61_000_000_000, "61.0 s"),
  ]) func aDurationHasThreeDigits(_ nanoseconds: UInt64, _ text: String) {
    #expect(Nanoseconds(nanoseconds).rounded == text)
  }

  private func watch(_ values: [Int]) -> WatchReport {
    var series = WatchReport.Series(gauge: "nr_free_pages", unit: "pages")
    series.values = values
    return WatchReport(
      every: 1_000_000_000, at: values.indices.map { UInt64($0) * 1_000_000_000 },
      series: [series])
  }

  @Test func aChartShowsTheHighestAndTheLowestInFourRows() {
    #expect(
      watch([0, 31, 15, 16]).lines(TextStyle()) == [
        "", "nr_free_pages (pages), every 1 s", "  31 | █", "     | █ ▁", "     | ███",
        "   0 |▁███", "      0.000 s 3.000 s",
      ])
  }

  @Test func aGaugeThatStandsStillIsOneLine() {
    #expect(watch([5, 5, 5]).lines(TextStyle()).last == "  5 in all of 3 samples")
    #expect(watch([]).lines(TextStyle()).last?.contains("no time passed") == true)
  }

  @Test func aLongWatchFitsIntoTheWidthAndKeepsItsLastSample() {
    let lines = watch(Array(0..<1000)).lines(TextStyle(columns: 40))
    #expect(lines.allSatisfy { $0.count <= 40 })
    #expect(lines[2].hasSuffix("█"))
  }

  @Test func samplesAreCommaSeparated() {
    let csv = report(machine("6.1", 0, watches: [watch([7, 8])])).csv(heading: true)
    #expect(
      csv == """
        machine,kernel,watch,at_ns,gauge,unit,value
        1,6.1,1,0,nr_free_pages,pages,7
        1,6.1,1,1000000000,nr_free_pages,pages,8

        """)
  }

  @Test func reportsSideBySideMarkWhatDiffers() {
    let text = ReportComparison([report(machine("5.10", 3)), report(machine("6.1", 3))]).text()
    #expect(text.contains("  pgfault                              +3   +3\n"))
    let other = ReportComparison([report(machine("5.10", 3)), report(machine("6.1", 40))]).text()
    #expect(other.contains("  pgfault                              +3  +40  ≠\n"))
    #expect(!other.contains("pswpin"))
    // What one of them has not got is a dash.
    var more = report(machine("6.1", 3))
    more.machines[0].notes = [NoteReport(name: "pace", value: "2")]
    let dash = ReportComparison([report(machine("5.10", 3)), more]).text()
    #expect(dash.contains("  pace     -    2  ≠\n"))
  }

  @Test func aCounterThatAKernelHasNotGotIsADashAndNoDifference() {
    var newer = machine("6.1", 3)
    newer.before = NamedNumbers(newer.before.list + [NamedNumber("nr_swapcached", 0)])
    newer.after = NamedNumbers(newer.after.list + [NamedNumber("nr_swapcached", 7)])
    let text = ReportComparison([report(machine("5.10", 3)), report(newer)]).text()
    #expect(text.contains("  nr_swapcached                         -   +7\n"))
  }

  @Test func aReportSurvivesJSON() throws {
    var whole = report(machine("6.1", 7, watches: [watch([1, 2])]))
    whole.failure = FailureReport(text: "s.lua:1: no", traceback: nil)
    whole.machines[0].shape.mechanisms = [.cleanFiles, .oomKill]
    let task = TaskReport(
      name: "t", state: .done, cpu: 5, reclaiming: 2, started: .boot, ended: nil)
    let latency = LatencySummary(kind: .directReclaim, count: 1, p50: 2, p99: 2, max: 2, sum: 2)
    whole.machines[0].tasks = [TaskSection(task, state: "done", latencies: [latency])]
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = try encoder.encode(whole)
    #expect(try JSONDecoder().decode(Report.self, from: json) == whole)
    let text = String(decoding: json, as: UTF8.self)
    #expect(text.contains(#""kind":"direct reclaim""#))
    #expect(text.contains(#""before":{"pgfault":1,"pswpin":5}"#))
  }
}
