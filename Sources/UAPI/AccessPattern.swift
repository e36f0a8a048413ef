// SPDX-License-Identifier: Apache-2.0
// In which order a task touches the pages of a file or an area: the patterns of the recordings, bit
// for bit.
//
// A pattern is a value; a PatternCursor walks it and hands out page numbers a batch at a time, so
// that whoever performs the accesses knows the next ones beforehand. Formulas: fidelity README,
// "Patterns".

package import Timeline

package struct AccessPattern: Hashable, Sendable {
  package enum Shape: Hashable, Sendable {
    /// 0, stride, 2·stride … below n.
    case sequential
    /// n−1, n−1−stride … down to 0.
    case reverse
    /// n pages from where the task's cursor of this file or area stands; wraps at its end; `from`
    /// is ignored.
    case next
    /// `count` draws, uniform.
    case random
    /// `count` draws, Zipf with exponent 1; `scramble` spreads neighbouring ranks over the range.
    case zipf(scramble: Bool)
    /// `count` draws: with `percent` per cent probability one of the first `hot` pages, else one of
    /// the others.
    case hot(pages: Int, percent: Int)
  }

  package var shape: Shape
  /// First page of the range.
  package var from: Int
  /// Pages in the range; nil: all after `from`.
  package var length: Int?
  package var stride: Int
  /// Draws of a random shape; nil: as many as the range has pages.
  package var count: Int?
  package var repetitions: Int
  /// Where the generator starts; nil: it goes on in the stream of the file or area.
  package var seed: UInt64?

  package init(
    _ shape: Shape = .sequential, from: Int = 0, length: Int? = nil, stride: Int = 1,
    count: Int? = nil, repetitions: Int = 1, seed: UInt64? = 1
  ) {
    self.shape = shape
    self.from = from
    self.length = length
    self.stride = stride
    self.count = count
    self.repetitions = repetitions
    self.seed = seed
  }

  /// Why the pattern cannot be walked over something of `size` pages; nil when it can.
  package func problem(over size: Int) -> String? {
    if size <= 0 { return "there are no pages to access" }
    if case .next = shape {
      if let length, length < 1 { return "n is \(length), expected at least 1 page" }
    } else {
      if from < 0 || from >= size { return "from is \(from), expected 0 to \(size - 1)" }
      if let length, length < 1 || from + length > size {
        return "n is \(length), expected 1 to \(size - from) pages after page \(from)"
      }
    }
    if stride < 1 { return "stride is \(stride), expected at least 1" }
    if let count, count < 0 { return "count is \(count), expected 0 or more" }
    if repetitions < 0 { return "repeat is \(repetitions), expected 0 or more" }
    if case .hot(let pages, let percent) = shape {
      let n = length ?? size - from
      if pages < 1 || pages >= n { return "hot is \(pages), expected 1 to \(n - 1) pages" }
      if percent < 0 || percent > 100 { return "pct is \(percent), expected 0 to 100" }
    }
    return nil
  }
}

/// Walks one pattern over something of `size` pages.
package struct PatternCursor {
  package let shape: AccessPattern.Shape
  private let from: Int, length: Int, size: Int, stride: Int, draws: Int
  private var random: SplitMix64
  private var zipf: ZipfTable?
  private var left: Int
  private var step = 0
  private let perRound: Int
  /// Where `next` stands; the owner of the file or area keeps it between operations.
  package private(set) var position: Int

  /// - Parameters:
  ///   - pattern: one whose `problem(over: size)` is nil.
  ///   - position: where `next` goes on, in pages.
  ///   - stream: the generator's state for a pattern without a seed.
  ///   - tables: the Zipf tables made so far.
  package init(
    _ pattern: AccessPattern, size: Int, position: Int = 0, stream: SplitMix64, tables: ZipfTables
  ) {
    shape = pattern.shape
    self.size = size
    if case .next = pattern.shape {
      from = 0
      length = pattern.length ?? size
    } else {
      from = pattern.from
      length = pattern.length ?? size - pattern.from
    }
    stride = pattern.stride
    draws = pattern.count ?? length
    random = pattern.seed.map { SplitMix64(seed: $0) } ?? stream
    switch shape {
    case .sequential, .reverse: perRound = (length + stride - 1) / stride
    case .next: perRound = length
    case .random, .hot: perRound = draws
    case .zipf:
      perRound = draws
      zipf = tables.table(of: length)
    }
    left = perRound * pattern.repetitions
    self.position = position
  }

  /// Nothing comes any more.
  package mutating func end() { left = 0 }

  /// Accesses still to come.
  package var remaining: Int { left }
  /// The generator as it stands: kept by the owner for the next pattern without a seed.
  package var stream: SplitMix64 { random }

  /// Writes the next page numbers into `buffer` and returns how many; 0 at the end.
  package mutating func fill(_ buffer: UnsafeMutableBufferPointer<UInt32>) -> Int {
    let n = min(buffer.count, left)
    left -= n
    switch shape {
    case .sequential:
      for k in 0..<n {
        buffer[k] = UInt32(truncatingIfNeeded: from &+ step &* stride)
        step = step &+ 1 == perRound ? 0 : step &+ 1
      }
    case .reverse:
      for k in 0..<n {
        buffer[k] = UInt32(truncatingIfNeeded: from &+ length &- 1 &- step &* stride)
        step = step &+ 1 == perRound ? 0 : step &+ 1
      }
    case .next:
      for k in 0..<n {
        buffer[k] = UInt32(truncatingIfNeeded: position)
        position = position &+ 1 >= size ? 0 : position &+ 1
      }
    case .random:
      let range = UInt64(length), first = UInt64(from)
      for k in 0..<n { buffer[k] = UInt32(truncatingIfNeeded: first &+ random.next() % range) }
    case .zipf(let scramble):
      let range = UInt64(length)
      for k in 0..<n {
        var x = zipf!.rank(of: random.next())
        if scramble { x = x &* 2_654_435_761 % range }
        buffer[k] = UInt32(truncatingIfNeeded: UInt64(from) &+ x)
      }
    case .hot(let hot, let percent):
      let hotRange = UInt64(hot), cold = UInt64(length - hot)
      for k in 0..<n {
        let a = random.next(), b = random.next()
        let x = a % 100 < UInt64(percent) ? b % hotRange : hotRange &+ b % cold
        buffer[k] = UInt32(truncatingIfNeeded: UInt64(from) &+ x)
      }
    }
    return n
  }
}

/// Cumulated weights floor(2³²/(rank+1)) of n ranks.
package final class ZipfTable {
  private let cumulated: [UInt64]

  fileprivate init(ranks n: Int) {
    var sum: UInt64 = 0
    cumulated = (0..<n).map { i in
      sum += (1 << 32) / UInt64(i + 1)
      return sum
    }
  }

  fileprivate var ranks: Int { cumulated.count }

  /// The smallest rank whose cumulated weight exceeds `draw` modulo the total.
  fileprivate func rank(of draw: UInt64) -> UInt64 {
    let r = draw % cumulated[cumulated.count - 1]
    var low = 0, high = cumulated.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulated[middle] > r { high = middle } else { low = middle + 1 }
    }
    return UInt64(low)
  }
}

/// The tables of a machine, one for each number of ranks asked for.
package final class ZipfTables {
  private var tables: [ZipfTable] = []

  package init() {}

  package func table(of ranks: Int) -> ZipfTable {
    if let known = tables.first(where: { $0.ranks == ranks }) { return known }
    let made = ZipfTable(ranks: ranks)
    tables.append(made)
    return made
  }
}
