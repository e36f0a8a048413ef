// SPDX-License-Identifier: Apache-2.0
// PatternCursor against the patterns' definitions (README of the recordings, "Patterns"), written
// down a second time in the plainest way, and against what the recorded workloads counted.

import Fidelity
import Foundation
import Testing
import Timeline
import UAPI

@Suite struct PatternTests {
  /// All accesses of a pattern in batches of `batch`.
  private func walk(
    _ pattern: AccessPattern, size: Int, position: Int = 0, batch: Int = 7
  ) -> [Int] {
    var cursor = PatternCursor(
      pattern, size: size, position: position, stream: SplitMix64(seed: 99), tables: ZipfTables())
    var pages: [Int] = []
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: batch) { buffer in
      while case let n = cursor.fill(buffer), n > 0 { pages += buffer[..<n].map(Int.init) }
    }
    return pages
  }

  // MARK: The definitions

  private struct Draws {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &+ 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private func defined(_ p: AccessPattern, size: Int, position: Int = 0) -> [Int] {
    let n = p.length ?? (p.shape == .next ? size : size - p.from)
    let count = p.count ?? n
    var draws = Draws(state: p.seed ?? 1)
    var cursor = position
    var weights: [UInt64] = []
    for j in 0..<n { weights.append((weights.last ?? 0) + (1 << 32) / UInt64(j + 1)) }
    var pages: [Int] = []
    for _ in 0..<p.repetitions {
      switch p.shape {
      case .sequential:
        var x = 0
        while x < n {
          pages.append(p.from + x)
          x += p.stride
        }
      case .reverse:
        var x = n - 1
        while x >= 0 {
          pages.append(p.from + x)
          x -= p.stride
        }
      case .next:
        for _ in 0..<n {
          pages.append(cursor)
          cursor += 1
          if cursor == size { cursor = 0 }
        }
      case .random:
        for _ in 0..<count { pages.append(p.from + Int(draws.next() % UInt64(n))) }
      case .zipf(let scramble):
        for _ in 0..<count {
          let r = draws.next() % weights[n - 1]
          var x = UInt64(weights.firstIndex { $0 > r }!)
          if scramble { x = x * 2_654_435_761 % UInt64(n) }
          pages.append(p.from + Int(x))
        }
      case .hot(let hot, let percent):
        for _ in 0..<count {
          let a = draws.next(), b = draws.next()
          let x =
            a % 100 < UInt64(percent)
            ? b % UInt64(hot) : UInt64(hot) + b % UInt64(n - hot)
          pages.append(p.from + Int(x))
        }
      }
    }
    return pages
  }

  @Test func everyPatternIsWalkedAsDefined() {
    var random = SplitMix64(seed: 20_26)
    func draw(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(random.next() % UInt64(range.count))
    }
    for round in 0..<400 {
      let size = draw(2...900)
      let from = draw(0...size - 2)
      let length = draw(0...3) == 0 ? nil : draw(2...size - from)
      let n = length ?? size - from
      let shapes: [AccessPattern.Shape] = [
        .sequential, .reverse, .next, .random, .zipf(scramble: false), .zipf(scramble: true),
        .hot(pages: draw(1...n - 1), percent: draw(0...100)),
      ]
      let shape = shapes[round % shapes.count]
      let pattern = AccessPattern(
        shape, from: from, length: length, stride: draw(1...9),
        count: draw(0...1) == 0 ? nil : draw(0...300), repetitions: draw(0...3),
        seed: random.next())
      #expect(pattern.problem(over: size) == nil)
      let position = shape == .next ? draw(0...size - 1) : 0
      #expect(
        walk(pattern, size: size, position: position, batch: draw(1...64))
          == defined(pattern, size: size, position: position), "\(pattern) over \(size)")
    }
  }

  // MARK: Vectors worked out by hand

  @Test func smallPatternsAreAsWorkedOutByHand() {
    #expect(walk(AccessPattern(from: 2, length: 7, stride: 3), size: 10) == [2, 5, 8])
    #expect(walk(AccessPattern(.reverse, from: 2, length: 7, stride: 3), size: 10) == [8, 5, 2])
    #expect(walk(AccessPattern(.reverse, length: 4, stride: 4), size: 10) == [3])
    #expect(walk(AccessPattern(from: 8, repetitions: 2), size: 10) == [8, 9, 8, 9])
    #expect(
      walk(AccessPattern(.next, from: 5, length: 4, repetitions: 2), size: 5, position: 3)
        == [3, 4, 0, 1, 2, 3, 4, 0])
    // splitmix64 from seed 1 draws 0x910A2DEC89025CC1 and then 0xBEEB8DA1658EEC67: 1 and 7 modulo
    // 16.
    #expect(walk(AccessPattern(.random, from: 100, length: 16, count: 2), size: 200) == [101, 107])
    // The weights of three ranks add up to 4294967296, 6442450944 and 7874106709; modulo the last,
    // the draws are 2025235242 and 5149560297.
    #expect(walk(AccessPattern(.zipf(scramble: false), length: 3, count: 2), size: 3) == [0, 1])
    // Rank 1 of three: 2654435761 modulo 3 is 1.
    #expect(walk(AccessPattern(.zipf(scramble: true), length: 3, count: 2), size: 3) == [0, 1])
    // Modulo 100 the first draw is 65: hot at 66 %, and then the second modulo 3; cold at 65 %.
    let hot = AccessPattern(.hot(pages: 3, percent: 66), length: 10, count: 1)
    #expect(walk(hot, size: 10) == [1])
    let cold = AccessPattern(.hot(pages: 3, percent: 65), length: 10, count: 1)
    #expect(walk(cold, size: 10) == [3])
  }

  @Test func patternsThatLeaveTheFileAreRefused() {
    #expect(AccessPattern(from: 10).problem(over: 10) != nil)
    #expect(AccessPattern(from: 9).problem(over: 10) == nil)
    #expect(AccessPattern(from: 3, length: 8).problem(over: 10) != nil)
    #expect(AccessPattern(from: 3, length: 7).problem(over: 10) == nil)
    #expect(AccessPattern(.next, length: 25).problem(over: 10) == nil)
    #expect(AccessPattern(.hot(pages: 10, percent: 5)).problem(over: 10) != nil)
    #expect(AccessPattern(.hot(pages: 9, percent: 101)).problem(over: 10) != nil)
  }

  // MARK: The recordings

  /// A recording says how many accesses each read made.
  @Test(arguments: Shipped.names)
  func readsMakeAsManyAccessesAsRecorded(name: String) throws {
    let program = try WorkloadOps.program(of: Shipped.question(name))
    var steps: [Int: WorkloadStep] = [:]
    func collect(_ list: [WorkloadStep]) {
      for step in list {
        if case .loop(_, let body) = step.action { collect(body) }
        steps[step.site.index] = step
      }
    }
    collect(program.tasks[0].steps)
    let ops = try Shipped.json(name)["ops"] as? [[String: Any]] ?? []
    var seen = 0
    for op in ops where op["task"] as? String == "main" {
      guard let index = op["i"] as? Int, let accesses = op["n"] as? Int,
        case .perform(.read(let file, let pattern))? = steps[index]?.action
      else { continue }
      let size = try #require(program.files.first { $0.name == file }).size.count
      let cursor = PatternCursor(
        pattern, size: size, stream: SplitMix64(seed: 1), tables: ZipfTables())
      #expect(cursor.remaining == accesses, "\(op["op"] ?? "")")
      seen += 1
    }
    let readsAtAll = steps.values.contains {
      if case .perform(.read) = $0.action { true } else { false }
    }
    #expect(seen > 0 || !readsAtAll)
  }
}
