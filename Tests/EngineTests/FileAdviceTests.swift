// SPDX-License-Identifier: Apache-2.0
// posix_fadvise: what is read beforehand, what is dropped, what only changes the reader (reference
// 25 §25.8, 26 §26.6).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct FileAdviceTests {
  private func machine(readAhead: Int = 32, request: Int = 320) throws -> Machine {
    var spec = SmallMachine.spec(files: [("data", 3000)])
    spec.disks = [
      DiskSpec(
        name: "pmem", kind: .pmem, size: Bytes(1 << 30), readAheadPages: readAhead,
        requestPages: request)
    ]
    let machine = try SmallMachine.boot(spec)
    machine.makeCgroup("a")
    return machine
  }

  private func cached(after operations: [Operation], request: Int = 320) throws -> Int {
    let machine = try machine(request: request)
    defer { machine.shutdown() }
    machine.perform(operations, in: "a")
    #expect(machine.invariantProblems() == [])
    // Reads are counted in KiB.
    #expect(machine.vmstat(.pgpgin) >= 4 * machine.vmstat(.nr_file_pages))
    return machine.vmstat(.nr_file_pages)
  }

  /// One request of the device in all, however much is asked for; never fewer than a window.
  @Test(arguments: [(320, 320), (600, 600), (8, 32)])
  func willneedReadsOneRequest(request: Int, pages: Int) throws {
    #expect(try cached(after: [.advise("data", .willneed)], request: request) == pages)
  }

  @Test func willneedReadsWhatIsAskedForAndStopsAtTheEnd() throws {
    func willneed(_ from: Int, _ length: Int?) -> Operation {
      .adviseFile(file: "data", .willneed, from: from, length: length)
    }
    #expect(try cached(after: [willneed(100, 7)]) == 7)
    #expect(try cached(after: [willneed(2990, nil)]) == 10)
    #expect(try cached(after: [willneed(2990, 500)]) == 10)
    #expect(try cached(after: [willneed(3000, nil)]) == 0)
  }

  /// No marker: reading what was fetched starts no window.
  @Test func whatWillneedFetchedStartsNoReadahead() throws {
    let fetch = Operation.adviseFile(file: "data", .willneed, from: 0, length: 100)
    #expect(try cached(after: [fetch, .readPages("data", 100)]) == 100)
  }

  @Test func randomReadersFetchNothingElse() throws {
    #expect(try cached(after: [.readPages("data", 1)]) == 4)
    #expect(try cached(after: [.advise("data", .random), .readPages("data", 1)]) == 1)
    #expect(
      try cached(
        after: [.advise("data", .random), .advise("data", .normal), .readPages("data", 1)]) == 4)
  }

  /// Twice the window: windows double up to 64 instead of 32.
  @Test func sequentialReadersFetchTwiceAsFar() throws {
    let normal = try cached(after: [.readPages("data", 61)])
    let sequential = try cached(after: [.advise("data", .sequential), .readPages("data", 61)])
    #expect(normal == 124)
    #expect(sequential > 124)
  }

  @Test func dontneedDropsTheRangeAndNothingElse() throws {
    let read = Operation.readPages("data", 1000)
    func dontneed(_ from: Int, _ length: Int?) -> Operation {
      .adviseFile(file: "data", .dontneed, from: from, length: length)
    }
    let all = try cached(after: [read])
    #expect(try cached(after: [read, dontneed(10, 50)]) == all - 50)
    #expect(try cached(after: [read, dontneed(10, 0)]) == all)
    #expect(try cached(after: [read, dontneed(0, nil)]) == 0)
    #expect(try cached(after: [read, dontneed(3000, nil)]) == all)
  }

  /// Pages that wait for their activation are held by the batch until it is drained.
  @Test func dontneedDrainsTheBatchesFirst() throws {
    #expect(
      try cached(after: [
        .advise("data", .random), .readPages("data", 20), .readPages("data", 20),
        .advise("data", .dontneed),
      ]) == 0)
  }

  @Test func droppedPagesAreUnchargedAndFree() throws {
    let machine = try machine()
    defer { machine.shutdown() }
    machine.perform([.readPages("data", 1000)], in: "a")
    let usage = machine.usage(of: "a"), cached = machine.stat(.file, of: "a")
    machine.perform([.advise("data", .dontneed)], in: "a")
    #expect(machine.stat(.file, of: "a") == 0)
    #expect(machine.usage(of: "a") <= usage - cached)
    #expect(machine.vmstat(.pgfree) >= cached)
    #expect(machine.vmstat(.nr_inactive_file) == 0)
  }

  @Test func noreuseDoesNothingBeforeSixTwelve() throws {
    #expect(try cached(after: [.advise("data", .noreuse), .readPages("data", 1)]) == 4)
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    let machine = try machine()
    defer { machine.shutdown() }
    let answers = machine.perform([
      .adviseFile(file: "data", .dontneed, from: -1, length: nil),
      .adviseFile(file: "data", .dontneed, from: 0, length: -1),
      .adviseFile(file: "none", .dontneed, from: 0, length: nil),
    ])
    #expect(answers == [.failed(.EINVAL), .failed(.EINVAL), .failed(.ENOENT)])
  }
}
