// SPDX-License-Identifier: Apache-2.0
// Seeds of randomised tests: a fixed list, or the one of SEED, so that a failure can be repeated
// alone.

import Foundation
package import Timeline

package enum Seeds {
  /// `SEED=… scripts/test` runs that seed only; otherwise 1 to `n`.
  package static func list(_ n: Int) -> [UInt64] {
    if let text = ProcessInfo.processInfo.environment["SEED"], let seed = UInt64(text) {
      return [seed]
    }
    return (1...UInt64(n)).map { $0 }
  }
}

extension SplitMix64 {
  /// A number of 0 ..< n.
  package mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }

  /// A number of the range.
  package mutating func pick(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  package mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[below(choices.count)]
  }
}
