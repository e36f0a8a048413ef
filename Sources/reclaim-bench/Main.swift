// SPDX-License-Identifier: Apache-2.0
// The benchmarks, in an executable of their own: what a scanned page, a sleep, a spending costs.
//
// Every figure is thread CPU time per item, the median over rounds. Figures that depend on the
// host's memory are compared with a C list of the same run, rows and order (ListBenchmark.swift),
// so that the ratio means the same on every machine. docs/performance.md has the targets' reasons.

import Foundation

@main enum Main {
  static func main() {
    let settings: Settings
    do {
      settings = try Settings(arguments: Array(CommandLine.arguments.dropFirst()))
    } catch {
      FileHandle.standardError.write(Data("reclaim-bench: \(error.message)\n".utf8))
      FileHandle.standardError.write(Data(Settings.usage.utf8))
      exit(2)
    }
    if settings.wantsHelp {
      print(Settings.usage, terminator: "")
      return
    }
    var report = Report()
    for benchmark in benchmarks where settings.chooses(benchmark.name) {
      benchmark.measure(settings, &report)
    }
    print(settings.json ? report.json : report.text)
    exit(report.isWithin(slack: settings.slack) ? 0 : 1)
  }
}
