// SPDX-License-Identifier: Apache-2.0
// Files that are removed while the machine runs, and ops that find nothing to write.

import Fidelity
import Testing
import UAPI

@Suite struct UnlinkTests {
  private static let machines = ["5.10-classic/memcg-file-zipf", "6.1-classic/memcg-file-loop"]

  private func filePages(_ run: WorkloadRun, _ mark: String) throws -> Int {
    let snapshot = try #require(run.marks.first { $0.name == mark }).snapshot
    return snapshot[.nr_file_pages]
  }

  @Test(arguments: machines)
  func aFileThatIsOpenKeepsItsPagesUntilTheLastTaskExits(name: String) throws {
    let run = try Shipped.run(
      [
        ("main", ["cgroup a max=16M", "spawn reader", "wait reader", "mark gone"]),
        (
          "reader",
          [
            "enter a", "mapfile F data", "touch F read seq n=4M", "read data seq", "mark full",
            "unlink data", "read data seq n=1M", "mark unlinked", "unlink data", "open none",
          ]
        ),
      ], on: name)
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(run.results.filter { $0.site.task == "reader" }.map(\.value).suffix(2) == [-2, -2])
    let before = try filePages(run, "base")
    #expect(try filePages(run, "full") > before + 3500)
    #expect(try filePages(run, "unlinked") > before + 3500)
    #expect(try filePages(run, "gone") <= before + 8)
    // What is truncated is neither scanned nor stolen, and its shadows are forgotten.
    let marks = run.marks.map(\.snapshot)
    #expect(marks[3][.pgsteal_file] == marks[2][.pgsteal_file])
    #expect(marks[3][.workingset_nodes] == marks[0][.workingset_nodes])
  }

  @Test(arguments: machines)
  func aFileThatNobodyHasOpenGoesAtOnce(name: String) throws {
    let run = try Shipped.run(
      [
        (
          "main",
          [
            "spawn reader", "wait reader", "mark full", "unlink data", "mark gone",
            "read data seq",
          ]
        ),
        ("reader", ["read data seq n=8M"]),
      ], on: name)
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(try filePages(run, "full") - filePages(run, "gone") >= 2048)
    #expect(run.results.last { $0.site.task == "main" }?.value == -2)
  }

  @Test(arguments: machines)
  func aFileThatATaskMakesIsReadLikeOneOfTheSetUp(name: String) throws {
    let run = try Shipped.run(
      [
        (
          "main",
          [
            "unlink data", "mkfile more 8M", "mark made", "read more seq n=4M", "mark read",
            "unlink more", "mkfile more 4M", "read more seq",
          ]
        )
      ], on: name)
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(run.results.allSatisfy { $0.value == 0 }, "\(run.results)")
    #expect(try filePages(run, "made") == filePages(run, "base"))
    #expect(try filePages(run, "read") - filePages(run, "made") >= 1024)
  }

  @Test func aFileIsNotWrittenOverNorMadeWhereItMayNotFit() throws {
    let over = try Shipped.run(["mkfile data 1M"], on: "6.1-classic/memcg-file-loop")
    #expect(
      over.reason
        == "task main, op 0 `mkfile data 1M`: writing over a file that exists ('data') is not built"
    )
    let large = try Shipped.run(["mkfile more 2G"], on: "6.1-classic/memcg-file-loop")
    #expect(large.reason?.contains("a file of 524288 pages is not built where") == true)
  }

  @Test(arguments: machines)
  func syncAndFsyncFindNothingToWrite(name: String) throws {
    let run = try Shipped.run(
      [("main", ["read data seq n=64", "mark m", "sync", "fsync data", "fsync none", "mark n"])],
      on: name)
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(run.results.map(\.value) == [0, 0, 0, 0, -2, 0])
    #expect(run.marks[2].snapshot[.nr_written] == run.marks[0].snapshot[.nr_written])
  }
}
