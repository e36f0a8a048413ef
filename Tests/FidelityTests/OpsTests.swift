// SPDX-License-Identifier: Apache-2.0

import Fidelity
import Testing
import UAPI

@Suite struct OpsTests {
  private func program(
    _ ops: [String], setup: [String] = ["mkfile data 8M"], setupResults: [Int] = [0]
  ) throws -> WorkloadProgram {
    let file = try Shipped.small(
      tasks: [("main", ops), ("other", [])], setup: setup, setupResults: setupResults)
    return try WorkloadOps.program(of: RecordingQuestion(file))
  }

  /// The actions of task main as text.
  private func actions(_ ops: [String]) throws -> [String] {
    try program(ops).tasks[0].steps.map { "\($0.action)" }
  }

  private func text(_ operation: Operation) -> String {
    "\(WorkloadStep.Action.perform(operation))"
  }

  @Test(arguments: [
    ("cgroup a", Operation.makeCgroup(path: "a", settings: [])),
    (
      "cgroup p/a max=32M low=8K min=4096 high=max swap.max=0",
      .makeCgroup(
        path: "p/a", settings: [.max(8192), .low(2), .min(1), .high(nil), .swapMax(0)])
    ),
    ("cgset a max=4608K", .setCgroup(path: "a", settings: [.max(1152)])),
    // One file is written as often as it is named.
    (
      "cgset a max=1M low=0 max=2M",
      .setCgroup(path: "a", settings: [.max(256), .low(0), .max(512)])
    ),
    ("cgroup a high=1M high=max", .makeCgroup(path: "a", settings: [.high(256), .high(nil)])),
    ("enter /", .enter(path: "/")),
    ("open data", .open(file: "data")),
    ("reclaim a 4M", .reclaim(path: "a", 1024)),
    ("reclaim a 32", .reclaim(path: "a", 32)),
    ("msleep 2500", .sleep(.milliseconds(2500))),
    ("mark m1", .mark(name: "m1")),
    ("fadvise data random", .adviseFile(file: "data", .random, from: 0, length: nil)),
    (
      "fadvise data dontneed from=12 n=4M",
      .adviseFile(file: "data", .dontneed, from: 12, length: 1024)
    ),
    (
      "fadvise data willneed from=3 n=0", .adviseFile(file: "data", .willneed, from: 3, length: nil)
    ),
    ("mkfile more 5K", .makeFile(name: "more", pages: 2)),
    ("sync", .sync),
    ("fsync data", .fsync(file: "data")),
    ("unlink data", .unlink(file: "data")),
    ("sysctl vm.swappiness=10", .writeSysctl(name: "vm.swappiness", value: 10)),
    ("sysctl vm/dirty_ratio=5", .writeSysctl(name: "vm.dirty_ratio", value: 5)),
    ("sysctl vm.drop_caches=3", .dropCaches(3)),
    ("echo 1 /proc/sys/vm/drop_caches", .dropCaches(1)),
    ("echo 0 /proc/sys/vm/page-cluster", .writeSysctl(name: "vm.page-cluster", value: 0)),
    ("echo -17 /proc/self/oom_score_adj", .setOomScoreAdjust(-17)),
    ("echo 8192 /sys/fs/cgroup/p/a/memory.max", .setCgroup(path: "p/a", settings: [.max(2)])),
    ("echo max /sys/fs/cgroup/a/memory.high", .setCgroup(path: "a", settings: [.high(nil)])),
    ("echo 1M /sys/fs/cgroup/a/memory.reclaim", .reclaim(path: "a", 256)),
    ("echo 0 /sys/fs/cgroup/a/cgroup.procs", .enter(path: "a")),
    ("echo 0 /sys/fs/cgroup/cgroup.procs", .enter(path: "/")),
    // A range may reach beyond the file, and the file need not exist.
    (
      "fadvise data dontneed from=2000 n=4M",
      .adviseFile(file: "data", .dontneed, from: 2000, length: 1024)
    ),
    ("read none seq", .read(file: "none", AccessPattern())),
  ])
  func straightOpsAreOneOperation(op: String, expected: Operation) throws {
    #expect(try actions([op]) == [text(expected)])
  }

  @Test(arguments: [
    ("seq", AccessPattern()),
    ("seq n=96", AccessPattern(length: 96)),
    ("seq stride=4 from=1 repeat=3", AccessPattern(from: 1, stride: 4, repetitions: 3)),
    ("rev n=1M from=256", AccessPattern(.reverse, from: 256, length: 256)),
    ("next n=3M", AccessPattern(.next, length: 768)),
    ("rand count=500 seed=7 n=64", AccessPattern(.random, length: 64, count: 500, seed: 7)),
    ("zipf count=9 seed=1", AccessPattern(.zipf(scramble: false), count: 9)),
    ("zipf count=9 scramble=1", AccessPattern(.zipf(scramble: true), count: 9)),
    (
      "hot n=4M hot=1M pct=90 count=3",
      AccessPattern(.hot(pages: 256, percent: 90), length: 1024, count: 3)
    ),
  ])
  func patternsAreRead(text: String, expected: AccessPattern) throws {
    #expect(
      try actions(["read data \(text)"]) == [self.text(.read(file: "data", expected))])
  }

  @Test func loopsNest() throws {
    let steps = try program([
      "loop 2", "read data seq", "loop 3", "mark a", "endloop", "endloop", "mark b",
    ]).tasks[0].steps
    #expect(steps.count == 2)
    guard case .loop(let outer, let body) = steps[0].action else {
      Issue.record("no loop")
      return
    }
    #expect((outer, body.count) == (2, 2))
    guard case .loop(let inner, let innermost) = body[1].action else {
      Issue.record("no inner loop")
      return
    }
    #expect((inner, innermost.count) == (3, 1))
    #expect(innermost[0].site.description == "task main, op 3 `mark a`")
  }

  @Test(arguments: [
    ("frobnicate x", "no such op"),
    ("", "the op is empty"),
    ("read", "the file is missing"),
    ("read data", "the pattern is missing"),
    ("read data zigzag", "there is no pattern \"zigzag\""),
    ("read data seq n=12Q", "n is \"12Q\", expected pages such as 96 or a size such as 96M"),
    ("read data seq n=-4", "n is \"-4\", expected pages such as 96 or a size such as 96M"),
    ("read data seq n=6K", "n is 6K, expected whole pages of 4096 bytes"),
    ("read data seq n=99999999999G", "n is 99999999999G, expected at most 16384G"),
    ("read data seq n=1 n=2", "n is given twice"),
    ("read data seq hot=3", "read has no hot="),
    ("read data seq backwards", "\"backwards\" is one word too many"),
    ("read data hot n=100", "the pattern hot needs hot= and pct="),
    ("read data rand seed=x", "seed is \"x\", expected a whole number"),
    ("fadvise data sometimes", "there is no advice \"sometimes\""),
    ("cgroup a max=lots", "max is \"lots\", expected pages such as 96 or a size such as 96M"),
    ("cgroup /", "the root cgroup cannot be made or changed"),
    ("cgset a", "there is nothing to set"),
    ("spawn nobody", "there is no task \"nobody\" to start"),
    ("wait main", "there is no task \"main\" to start"),
    ("loop 0", "the number of rounds is 0, expected at least 1"),
    ("loop 2", "the loop has no endloop"),
    ("endloop", "there is no loop to end"),
    ("msleep soon", "the duration is \"soon\", expected a whole number"),
  ])
  func whatMakesNoSenseIsAnErrorThatNamesTaskOpAndReason(op: String, reason: String) {
    let error = #expect(throws: RecordingError.self) { _ = try program(["mark m", op]) }
    #expect(error?.description == "small.json: task main, op 1 `\(op)`: \(reason)")
  }

  @Test(arguments: [
    ("compact", "compaction is not built"),
    ("mkfiles d 10", "making directories of files while the machine runs is not built"),
    ("sysctl vm.laptop_mode=1", "writing 1 to vm.laptop_mode is not built"),
    ("sysctl kernel.pid_max=4", "writing kernel.pid_max is not built"),
    ("sysctl vm.percpu_pagelist_fraction=0", "kernel 6.1 has no vm.percpu_pagelist_fraction"),
    ("sysctl vm.lowmem_reserve_ratio=1,2", "writing to vm.lowmem_reserve_ratio is not built"),
    ("echo 1 /proc/sysrq-trigger", "writing to /proc/sysrq-trigger is not built"),
    ("echo 1 /sys/fs/cgroup/", "writing to /sys/fs/cgroup/ is not built"),
    (
      "echo 77 /sys/fs/cgroup/a/cgroup.procs",
      "writing to /sys/fs/cgroup/a/cgroup.procs is not built"
    ),
    ("mbind A bind 0", "memory policies are not built"),
    ("write data seq", "writing to files is not built"),
    ("cgroup a zswap.max=0", "memory.zswap.max is not built"),
    (
      "read data seq n=2049",
      "accesses outside of the file are not built: n is 2049, expected 1 to 2048 pages after page 0"
    ),
  ])
  func whatIsNotBuiltIsRefusedByName(op: String, why: String) throws {
    #expect(try program(["read data seq"]).refusal == nil)
    let inLoop = try program(["loop 2", op, "endloop"])
    #expect(inLoop.refusal == "task main, op 1 `\(op)`: \(why)")
    let run = try WorkloadRunner.run(
      RecordingQuestion(Shipped.small(tasks: [("main", [op])])))
    #expect(run.status == .unsupported)
    #expect(run.reason == "task main, op 0 `\(op)`: \(why)")
  }

  @Test func theSetUpMakesFilesOrIsRefused() throws {
    let made = try program(["mark m"], setup: ["mkfile a 8M", "mkfile b 100", "mkfile a 5K"])
    #expect(made.files.map(\.name) == ["b", "a"])
    #expect(made.files.map(\.size) == [100, 2])
    #expect(
      try program([], setup: ["mkfiles d 10"]).directories
        == [DirectorySpec(name: "d", files: 10)])
    #expect(
      try program([], setup: ["mkfile a 1M"], setupResults: [-28]).refusal
        == "task setup, op 0 `mkfile a 1M`: it answered -28 when it was recorded")
    #expect(throws: RecordingError.self) { _ = try program([], setup: ["mkfile a"]) }
  }

  @Test func kernelsThatAreNotBuiltAreRefusedByName() throws {
    let file = try Shipped.small(tasks: [("main", ["anon A 1M"])], kernel: "5.4.0-x")
    let run = try WorkloadRunner.run(RecordingQuestion(file))
    #expect(run.reason == "kernel 5.4 is not built; built: 5.10, 6.1")
    #expect(run.status == .unsupported)
    #expect(run.marks.isEmpty && run.digest == nil)
  }

  @Test(arguments: Shipped.names)
  func everyShippedRecordingCanBePerformed(name: String) throws {
    let question = try Shipped.question(name)
    #expect(try WorkloadOps.program(of: question).refusal == nil)
    #expect(RecordedMachine.refusal(of: question) == nil)
  }
}
