// SPDX-License-Identifier: Apache-2.0
// math.random from a stream of the scenario's seed, so that the same seed draws the same numbers in
// every run.

import Lua
import Timeline

final class ScriptRandom {
  private var stream: SplitMix64

  init(seed: UInt64) { stream = Self.stream(of: seed) }

  /// The stream "math.random" of a seed; nobody else draws from it.
  private static func stream(of seed: UInt64) -> SplitMix64 {
    var digest = Digest()
    digest.fold(seed)
    for byte in "math.random".utf8 { digest.fold(UInt64(byte)) }
    return SplitMix64(seed: digest.value)
  }

  /// `math.random([m [, n]])` with Lua's meaning.
  func random(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let bits = stream.next()
    if call.count == 0 { return .values([.number(Double(bits >> 11) * 0x1p-53)]) }
    let first = try integer(call, 1)
    if call.count == 1, first == 0 { return .values([.integer(Int64(bitPattern: bits))]) }
    let (low, high) = call.count == 1 ? (1, first) : (first, try integer(call, 2))
    guard low <= high else {
      throw LuaError("bad argument #\(min(call.count, 2)) to 'math.random': the interval is empty")
    }
    let span = UInt64(bitPattern: high &- low)
    return .values([.integer(low &+ Int64(bitPattern: draw(bits, upTo: span)))])
  }

  /// `math.randomseed(n)`: starts the stream of another seed.
  func seed(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    guard call.count > 0 else {
      throw LuaError(
        "math.randomseed: expected a seed; a random one would make every run another")
    }
    stream = Self.stream(of: UInt64(bitPattern: try integer(call, 1)))
    return .nothing
  }

  /// Uniform over 0…span: bits beyond the span are drawn again.
  private func draw(_ bits: UInt64, upTo span: UInt64) -> UInt64 {
    let mask = span == 0 ? 0 : UInt64.max >> UInt64(span.leadingZeroBitCount)
    var bits = bits & mask
    while bits > span { bits = stream.next() & mask }
    return bits
  }

  private func integer(_ call: LuaCall, _ n: Int) throws(LuaError) -> Int64 {
    if let n = call[n].wholeNumber { return n }
    throw LuaError(
      "bad argument #\(n) to 'math.random': expected a whole number, got \(call[n].described)")
  }
}
