// SPDX-License-Identifier: Apache-2.0
// The pattern of a read as the recordings write it: a shape, then from=, n=, stride=, count=,
// repeat=, seed=.

import UAPI

extension AccessPattern {
  /// Takes the shape and its keys out of `words`. Whether the pattern fits the file is not asked
  /// here.
  init(_ words: inout OpWords) throws(OpProblem) {
    let word = try words.next("the pattern")
    let shape: Shape
    switch word {
    case "seq": shape = .sequential
    case "rev": shape = .reverse
    case "next": shape = .next
    case "rand": shape = .random
    case "zipf":
      shape = .zipf(scramble: try words.number("scramble", atMost: 1) == 1)
    case "hot":
      guard let pages = try words.pages("hot"), let percent = try words.number("pct") else {
        throw OpProblem("the pattern hot needs hot= and pct=")
      }
      shape = .hot(pages: pages, percent: percent)
    default: throw OpProblem("there is no pattern \"\(word)\"")
    }
    self.init(
      shape,
      from: try words.pages("from") ?? 0,
      length: try words.pages("n"),
      stride: try words.pages("stride") ?? 1,
      count: try words.pages("count"),
      repetitions: try words.number("repeat") ?? 1,
      seed: try words.seed() ?? 1)
  }
}
