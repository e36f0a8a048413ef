// SPDX-License-Identifier: Apache-2.0
// The digest: the same for the same run, another one for one page or the order of two events.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct DigestTests {
  private static let reads: [Operation] = [
    .read(file: "data", AccessPattern(.zipf(scramble: true), count: 1500)),
    .readPages("data", from: 100, 700),
  ]

  private func digest(
    _ operations: [Operation] = reads, trace: TraceMode = .digest, seed: UInt64 = 1,
    limit: Int = 600
  ) throws -> String {
    let machine = try SmallMachine.boot(SmallMachine.spec(seed: seed), trace: trace)
    defer { machine.shutdown() }
    machine.makeCgroup("a", max: limit)
    machine.perform(operations, in: "a")
    #expect(machine.vmstat(.pgsteal_file) > 0 && machine.ended == nil)
    return machine.digest.text
  }

  @Test func twentyRunsHaveOneDigest() throws {
    let first = try digest()
    for _ in 0..<19 { #expect(try digest() == first) }
  }

  @Test func recordingEventsChangesNothing() throws {
    #expect(try digest(trace: .record) == digest(trace: .digest))
  }

  @Test func twoEventsSwappedAreAnotherRun() throws {
    #expect(try digest(Self.reads.reversed()) != digest())
  }

  /// The same number of pages, one of them another page: told apart when it is evicted.
  @Test func oneOtherPageIsAnotherRun() throws {
    func reads(_ page: Int) -> [Operation] {
      [.advise("data", .random), .readPages("data", from: page, 1), .readPages("data", 1000)]
    }
    #expect(try digest(reads(2000)) == digest(reads(2000)))
    #expect(try digest(reads(2000)) != digest(reads(2001)))
  }

  @Test func onePageMoreIsAnotherRun() throws {
    #expect(try digest([.readPages("data", 1000)]) != digest([.readPages("data", 1001)]))
  }

  /// What is asked for is told apart even where no event follows from it.
  @Test func otherAdviceIsAnotherRun() throws {
    func drop(_ from: Int, _ length: Int?, _ advice: FileAdvice = .dontneed) -> [Operation] {
      Self.reads + [.adviseFile(file: "data", advice, from: from, length: length)]
    }
    let digests = try [
      drop(0, 5), drop(0, 6), drop(1, 5), drop(0, nil), drop(0, 5, .willneed),
    ].map { try digest($0) }
    #expect(digests.indices.allSatisfy { digests.firstIndex(of: digests[$0]) == $0 })
  }

  @Test func aLimitOfOnePageMoreIsAnotherRun() throws {
    #expect(try digest(limit: 600) != digest(limit: 601))
  }

  @Test func anotherSeedIsAnotherRun() throws {
    #expect(try digest(seed: 1) != digest(seed: 2))
  }

  @Test func aMarkAndASleepAreEvents() throws {
    let plain = try digest()
    #expect(try digest(Self.reads + [.mark(name: "m")]) != plain)
    #expect(try digest(Self.reads + [.sleep(1000)]) != plain)
  }
}
