// SPDX-License-Identifier: Apache-2.0
// Ops on memory that few recordings show, performed on recorded machines of each kernel with every
// invariant checked: shared memory, locks, advice, drop_caches; and what is refused by name.

import Fidelity
import Testing
import UAPI

@Suite struct MemoryOpsTests {
  /// The question of a recording with another workload.
  private func run(_ ops: [String], on name: String, paranoid: Bool = false) throws -> WorkloadRun {
    var json = try Shipped.json(name)
    var scenario = json["scenario"] as! [String: Any]
    scenario["tasks"] = ["main": ops]
    json["scenario"] = scenario
    let question = try RecordingQuestion(try Shipped.recording(name, json))
    return try WorkloadRunner.run(question, paranoid: paranoid)
  }

  private static let workload = [
    "cgroup a max=8M", "enter a", "anon S 5M shared", "anon P 2M", "mapfile F data 4M shared",
    "touch S write seq", "mark m1", "touch F read seq", "touch S read rand count=2000 seed=1",
    "madvise S cold", "mlock S from=100 n=50", "touch P write seq", "madvise S pageout from=500",
    "mark m2", "munlock S", "madvise S willneed from=1000 n=100", "madvise S dontneed",
    "drop_caches 1", "mark m3", "touch S read seq from=0 n=200", "munmap S", "drop_caches 2",
    "mark m4",
  ]

  @Test(arguments: ["5.10-classic/memcg-mixed-swp60", "6.1-classic/memcg-file-zipf"])
  func sharedMemoryAndItsAdviceArePerformed(name: String) throws {
    let run = try run(Self.workload, on: name, paranoid: true)
    #expect(run.status == .ok, "\(run.reason ?? "")")
    #expect(run.results.allSatisfy { $0.value == 0 }, "\(run.results)")
    let again = try self.run(Self.workload, on: name)
    #expect(again.digest == run.digest)
    #expect(run.marks[1].snapshot[.nr_shmem] > run.marks[0].snapshot[.nr_shmem])
    #expect(run.marks[4].snapshot[.nr_shmem] == run.marks[0].snapshot[.nr_shmem])
    #expect(run.marks[4].snapshot[.drop_slab] == run.marks[0].snapshot[.drop_slab] + 1)
  }

  @Test func aStoreToASharedFileMappingIsRefusedWithItsPlace() throws {
    let run = try run(
      ["mapfile F data 64 shared", "touch F read seq", "touch F write seq n=3"],
      on: "6.1-classic/memcg-file-zipf")
    #expect(run.status == .unsupported)
    #expect(
      run.reason
        == "task main, op 2 `touch F write seq n=3`: writing to a shared file mapping ('F') needs "
        + "dirty pages, which are not built")
  }

  @Test func dropCachesTakesOneToThree() throws {
    let error = #expect(throws: RecordingError.self) {
      _ = try run(["drop_caches 4"], on: "6.1-classic/tiny-file")
    }
    #expect(error?.description.contains("what to drop is \"4\", expected 1, 2 or 3") == true)
  }
}
