// SPDX-License-Identifier: Apache-2.0
// The plain values: moments and lengths of time, fractions, random streams, digests.

import Testing
import Timeline

@Suite struct InstantTests {
  @Test func momentsAndLengthsAddAndSubtract() {
    let moment = Instant.boot + .milliseconds(2) + .microseconds(3) + 4
    #expect(moment == Instant(nanoseconds: 2_003_004))
    #expect(moment - Instant(nanoseconds: 2_000_000) == 3_004)
    #expect(Nanoseconds.seconds(1) - .milliseconds(1) == Nanoseconds(999_000_000))
    #expect(Nanoseconds(7) * 3 == 21)
    var sum = Nanoseconds.zero
    sum += 5
    #expect(sum == 5)
    #expect(Instant.boot < moment && moment < .distantFuture)
    #expect(Nanoseconds(1) < 2)
  }

  @Test func aClockThatWouldWrapStopsTheProgram() async {
    // Printed, for an optimiser may drop an unused sum together with its check.
    await #expect(processExitsWith: .failure) { print(Instant.distantFuture + 1) }
    await #expect(processExitsWith: .failure) {
      print(Instant.boot - Instant(nanoseconds: 1))
    }
    await #expect(processExitsWith: .failure) { print(Nanoseconds.seconds(.max)) }
  }
}

@Suite struct RatioTests {
  @Test func partsAreRoundedDown() {
    #expect(Ratio(20, of: 100).part(of: 99) == 19)
    #expect(Ratio(20, of: 100).part(of: 100) == 20)
    #expect(Ratio(0, of: 7).part(of: 100) == 0)
    #expect(Ratio(3, of: 2).part(of: 5) == 7)
  }

  @Test func productsDoNotOverflowBeforeTheDivision() {
    #expect(Ratio(.max, of: .max).part(of: .max) == .max)
    #expect(Ratio(1_000_000_007, of: 1_000_000_007).part(of: UInt64.max - 1) == UInt64.max - 1)
  }

  @Test func fractionsAreComparedByValue() {
    #expect(Ratio(1, of: 2) == Ratio(50, of: 100))
    #expect(Ratio(1, of: 2).hashValue == Ratio(50, of: 100).hashValue)
    #expect(Ratio(1, of: 3) < Ratio(34, of: 100))
    #expect(!(Ratio(1, of: 3) < Ratio(33, of: 100)))
    #expect(Ratio(.max - 1, of: .max) < Ratio(1, of: 1))
  }
}

@Suite struct RandomTests {
  @Test func splitmix64GivesItsPublishedNumbers() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func aStreamDependsOnSeedAndNameAlone() {
    let streams = RandomStreams(seed: 7)
    var disk = streams.stream("disk nvme")
    let expected = (0..<4).map { _ in disk.next() }
    var other = streams.stream("disk usb")
    for _ in 0..<100 { _ = other.next() }
    var again = RandomStreams(seed: 7).stream("disk nvme")
    #expect((0..<4).map { _ in again.next() } == expected)
  }

  @Test func streamsOfDifferentNamesOrSeedsShareNothing() {
    var seen: Set<UInt64> = []
    for seed in 0..<20 as Range<UInt64> {
      for name in ["", "a", "b", "ab", "ba", "disk 1", "disk 2"] {
        var stream = RandomStreams(seed: seed).stream(name)
        for _ in 0..<50 { seen.insert(stream.next()) }
      }
    }
    #expect(seen.count == 20 * 7 * 50)
  }
}

@Suite struct DigestTests {
  private func digest(_ words: [UInt64]) -> Digest {
    var digest = Digest()
    for word in words { digest.fold(word) }
    return digest
  }

  @Test func orderNumberAndEveryBitCount() {
    #expect(digest([1, 2]) == digest([1, 2]))
    #expect(digest([1, 2]) != digest([2, 1]))
    #expect(digest([0]) != digest([]))
    #expect(digest([0, 0]) != digest([0]))
    for bit in 0..<64 as Range<UInt64> { #expect(digest([1 << bit, 9]) != digest([0, 9])) }
  }

  @Test func itsTextHasSixteenDigits() {
    #expect(Digest().text == "9e3779b97f4a7c15")
    for word in 0..<100 as Range<UInt64> { #expect(digest([word]).text.utf8.count == 16) }
  }
}
