// SPDX-License-Identifier: Apache-2.0
// Random numbers that no library update can shift: splitmix64, seeded by hand.
//
// A machine has one seed and many consumers of chance. Each draws from a stream of its own, derived
// from the seed and the consumer's name and from nothing else: neither a new consumer nor a
// different number of draws elsewhere shifts what it sees.

/// splitmix64, as the recordings' patterns draw it (fidelity README, "Patterns").
package struct SplitMix64: Sendable {
  package private(set) var state: UInt64

  package init(seed: UInt64) { state = seed }

  @inline(__always) package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// One seed, a stream for each name.
package struct RandomStreams: Sendable {
  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  /// The stream of one consumer, from its beginning. The same seed and name always give the same
  /// numbers, so a name belongs to one consumer, who keeps the stream.
  package func stream(_ name: String) -> SplitMix64 {
    var digest = Digest()
    digest.fold(seed)
    for byte in name.utf8 { digest.fold(UInt64(byte)) }
    // The digest is good at telling inputs apart; one draw makes neighbouring states unrelated.
    var scrambler = SplitMix64(seed: digest.value)
    return SplitMix64(seed: scrambler.next())
  }
}
