// SPDX-License-Identifier: Apache-2.0
// One kernel generation against another: choices are looked at once per batch, so none may make the
// loop dearer for all.
//
// The same machine, the same pages, and a request that all kernels know: memory.max is lowered.
// Machines of both kernels take turns, so that both see the same disturbances.

import ReclaimEngine
import Timeline

struct KernelBenchmark: Benchmark {
  let name = "kernels"
  /// The kernel that the others are compared with: the one that was built first.
  private static let first = "6.1"

  func measure(_ settings: Settings, _ report: inout Report) {
    let size = ListBenchmark.smallestLarge
    guard settings.sizes.contains(size) else { return }
    for kind in [PageKind.file, .anonymous] {
      var figures = KernelProfile.all.map {
        (kernel: $0.name, faults: [Double](), scans: [Double]())
      }
      for _ in 0..<settings.rounds {
        for k in figures.indices {
          let (fault, scan) = Self.costs(figures[k].kernel, kind, size)
          figures[k].faults.append(fault)
          figures[k].scans.append(scan)
        }
      }
      add("fault that reclaims", kind, figures.map { ($0.kernel, $0.faults) }, size, &report)
      add("shrink", kind, figures.map { ($0.kernel, $0.scans) }, size, &report)
    }
  }

  /// What a fault that reclaims and a page scanned cost on a machine of that kernel.
  private static func costs(
    _ kernel: String, _ kind: PageKind, _ size: Int
  ) -> (fault: Double, scan: Double) {
    var (fault, scan) = (Double.nan, Double.nan)
    FullCgroup.run(kind, size: size, .aged, kernel: kernel) { full throws(Killed) in
      fault = try await full.access(size / 2).perMiss
      scan = try await full.squeeze(size / 2).perScan
    }
    return (fault, scan)
  }

  /// The first kernel's figure, then the others' against it.
  private func add(
    _ what: String, _ kind: PageKind, _ figures: [(kernel: String, costs: [Double])], _ size: Int,
    _ report: inout Report
  ) {
    func row(_ kernel: String) -> String { "\(what), \(kind), on \(kernel)" }
    for figure in figures where figure.kernel == Self.first {
      report.add(row(Self.first), size: size, median(of: figure.costs))
    }
    for figure in figures where figure.kernel != Self.first {
      report.add(
        row(figure.kernel), size: size, median(of: figure.costs), against: row(Self.first),
        target: .ratio(1.1))
    }
  }
}
