// SPDX-License-Identifier: Apache-2.0
// Random machines and what random tasks do on them: everything follows from one seed.

import ReclaimEngine
import TestSupport
import Timeline
import UAPI

/// One random machine, its cgroups and its tasks.
struct RandomWorkload {
  let seed: UInt64
  private var random: SplitMix64
  private(set) var files: [(name: String, pages: Int)] = []
  private(set) var cgroups: [String] = []

  init(seed: UInt64) {
    self.seed = seed
    random = SplitMix64(seed: seed)
    // One page, one leaf, two leaves and more, up to two levels.
    let sizes = [1, 63, 64, 65, 700, 3000, 9000]
    files = (0..<random.pick(1...4)).map { ("file\($0)", random.pick(sizes)) }
    cgroups = ["a", "a/b", "a/b/c", "d"].filter { _ in random.below(4) > 0 }
    if cgroups.isEmpty { cgroups = ["a"] }
  }

  mutating func spec() -> MachineSpec {
    let memory = Bytes(UInt64(random.pick([64, 96, 128])) << 20)
    return SmallMachine.spec(memory: memory, files: files, seed: seed)
  }

  /// Cgroups first, then whatever comes.
  mutating func operations(_ n: Int) -> [Operation] {
    var list = cgroups.map { Operation.makeCgroup(path: $0, settings: [.max(limit())]) }
    list.append(.enter(path: random.pick(cgroups)))
    return list + (0..<n).map { _ in operation() }
  }

  /// Large enough for the kernel's own objects of that cgroup, small enough to be hit; now and then
  /// none at all.
  private mutating func limit() -> Pages? {
    random.below(8) == 0 ? nil : Pages(random.pick(500...1600))
  }

  private mutating func operation() -> Operation {
    let file = random.pick(files)
    switch random.below(100) {
    case 0..<62: return .read(file: file.name, pattern(over: file.pages))
    case 62..<76:
      let from = random.below(file.pages)
      let length = random.below(3) == 0 ? nil : random.below(file.pages - from + 1)
      return .adviseFile(
        file: file.name, random.pick(FileAdvice.allCases), from: from, length: length)
    case 76..<84:
      return .setCgroup(path: random.pick(cgroups), settings: [.max(limit())])
    case 84..<90: return .reclaim(path: random.pick(cgroups), Pages(random.pick(1...300)))
    case 90..<93: return .enter(path: random.pick(cgroups))
    case 93..<96: return .sleep(Nanoseconds(UInt64(random.pick(1...50)) * 100_000_000))
    case 96..<98: return .mark(name: "m")
    default: return .open(file: file.name)
    }
  }

  private mutating func pattern(over pages: Int) -> AccessPattern {
    let from = random.below(pages), length = random.pick(1...(pages - from))
    let shapes: [AccessPattern.Shape] = [
      .sequential, .reverse, .next, .random, .zipf(scramble: true), .zipf(scramble: false),
      .hot(pages: max(1, length / 4), percent: random.below(101)),
    ]
    let shape = random.pick(shapes.dropLast(length > 1 ? 0 : 1))
    let seed: UInt64? = random.below(2) == 0 ? nil : random.next()
    return AccessPattern(
      shape, from: from, length: length, stride: random.pick([1, 1, 1, 3, 64]),
      count: min(length, 2000), repetitions: random.pick([1, 1, 2]), seed: seed)
  }
}

extension Operation {
  /// Page accesses it makes; 0 for what reads nothing.
  func accesses(_ files: [(name: String, pages: Int)]) -> Int {
    guard case .read(let name, let pattern) = self,
      let size = files.first(where: { $0.name == name })?.pages
    else { return 0 }
    return PatternCursor(
      pattern, size: size, stream: SplitMix64(seed: 1), tables: ZipfTables()
    ).remaining
  }
}
