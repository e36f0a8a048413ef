// SPDX-License-Identifier: Apache-2.0
// What a benchmark is, and the list of all, in the order in which they run.
//
// A benchmark is one small type in one file. It measures what it is named after at each of the
// settings' sizes and adds a row for each figure. One that is compared with an earlier figure of
// the same run stands behind it in the list.

protocol Benchmark: Sendable {
  /// One word, by which `--only` chooses it.
  var name: String { get }

  /// Measures, and adds its rows.
  func measure(_ settings: Settings, _ report: inout Report)
}

let benchmarks: [any Benchmark] = [
  SpendingBenchmark(),
  SuspensionBenchmark(),
  LuaBenchmark(),
  ListBenchmark(),
  TouchBenchmark(),
  EngineBenchmark(name: "engine", kind: .file, bound: 200),
  EngineBenchmark(name: "swap", kind: .anonymous, bound: 250),
  KernelBenchmark(),
  CgroupBenchmark(),
]
