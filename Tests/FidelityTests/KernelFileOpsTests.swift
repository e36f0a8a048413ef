// SPDX-License-Identifier: Apache-2.0
// Ops that write to files of the kernel's own, performed on recorded machines.

import Fidelity
import Testing
import UAPI

@Suite struct KernelFileOpsTests {
  private func marks(_ run: WorkloadRun, at mark: Int) throws -> [[Int]] {
    let seen = try #require(run.marks.count > mark ? run.marks[mark].snapshot : nil)
    return seen.nodes[0].zones.map { [$0.min, $0.low, $0.high] }
  }

  /// The figures are those of a recorded machine of this size on which 16384 had been written.
  @Test func theMarksAreThoseOfAMachineOnWhichTheSameWasWritten() throws {
    let run = try Shipped.run(
      ["sysctl vm.min_free_kbytes=16384", "mark m", "sysctl vm.watermark_scale_factor=1000"],
      on: "6.1-classic/global-file-seq")
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(try marks(run, at: 0) == [[33, 41, 49], [428, 535, 642]])
    #expect(try marks(run, at: 1) == [[281, 351, 421], [3814, 4767, 5720]])
    // min stays as written: the distance alone is the factor's.
    #expect(try marks(run, at: 2) == [[281, 665, 1049], [3814, 9024, 14234]])
  }

  @Test(arguments: ["5.10-classic/global-file-zones", "6.1-classic/global-file-seq"])
  func kswapdKeepsToTheMarksThatWereWritten(name: String) throws {
    let read = ["read data seq", "mark m"]
    let high = try Shipped.run(["sysctl vm.min_free_kbytes=16384"] + read, on: name)
    let low = try Shipped.run(read, on: name)
    #expect(high.marks[1].snapshot[.nr_free_pages] > low.marks[1].snapshot[.nr_free_pages] + 1000)
  }

  @Test func whatTheKernelDoesNotTakeIsAnsweredWithEINVAL() throws {
    let run = try Shipped.run(
      [
        "sysctl vm.swappiness=200", "sysctl vm.swappiness=201", "echo 0 /proc/sys/vm/swappiness",
        "sysctl vm.watermark_scale_factor=0", "sysctl vm.dirty_ratio=3",
      ], on: "6.1-classic/tiny-file")
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(run.results.map(\.value) == [0, -22, 0, -22, 0])
  }

  @Test(arguments: ["5.10-classic/memcg-mixed-swp60", "6.1-classic/memcg-anon-hotcold"])
  func swappinessOfZeroKeepsACgroupFromSwapping(name: String) throws {
    func swapped(_ swappiness: Int) throws -> Int {
      let run = try Shipped.run(
        [
          "cgroup a max=8M", "enter a", "anon A 4M", "touch A write seq", "mark m",
          "sysctl vm.swappiness=\(swappiness)", "anon B 12M", "touch B write seq", "mark n",
        ], on: name)
      #expect(run.status == .ok, "\(run.reason ?? "")")
      return run.killed.count
    }
    // Without swap there is nothing to reclaim.
    #expect(try swapped(60) == 0)
    #expect(try swapped(0) == 1)
  }

  @Test func echoToFilesOfACgroupIsWhatItsOpsDo() throws {
    let words = [
      ["cgroup a max=2M", "enter a", "read data seq n=4M", "reclaim a 1M", "mark m"],
      [
        "cgroup a", "echo 2M /sys/fs/cgroup/a/memory.max", "echo 0 /sys/fs/cgroup/a/cgroup.procs",
        "read data seq n=4M", "echo 1048576 /sys/fs/cgroup/a/memory.reclaim", "mark m",
      ],
    ]
    let runs = try words.map { try Shipped.run($0, on: "6.1-classic/memcg-reclaim") }
    #expect(runs.allSatisfy { $0.status == .ok })
    let seen = runs.map { $0.marks[1].snapshot }
    #expect(seen[0].cgroups.first { $0.path == "/a" } == seen[1].cgroups.first { $0.path == "/a" })
    #expect(seen[0].vmstat == seen[1].vmstat)
  }
}
