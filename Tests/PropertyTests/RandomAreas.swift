// SPDX-License-Identifier: Apache-2.0
// What random tasks do with memory of their own, on machines with and without swap: everything
// follows from one seed.

import TestSupport
import Timeline
import UAPI

struct RandomAreas {
  private var random: SplitMix64
  private let kernel: String
  private let swapPages: Int

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    kernel = random.pick(["5.10", "6.1"])
    swapPages = random.pick([0, 100, 700, 4096])
  }

  func spec() -> MachineSpec {
    var spec = SmallMachine.spec(files: [("data", 3000), ("small", 1)])
    spec.kernel = kernel
    spec.disks = [DiskSpec(name: "files", kind: .pmem, size: Bytes(1 << 30))]
    if swapPages > 0 {
      spec.disks.append(
        DiskSpec(name: "swap", kind: .pmem, use: .swap, size: Bytes(UInt64(swapPages) << 12)))
    }
    return spec
  }

  mutating func operations(_ n: Int) -> [Operation] {
    [
      .makeCgroup(path: "a/b", settings: [.max(Pages(random.pick(300...900)))]),
      .enter(path: random.pick(["a/b", "a/b", "a"])),
    ] + (0..<n).map { _ in operation() }
  }

  private mutating func operation() -> Operation {
    let area = random.pick(["A", "B", "C", "D"])
    switch random.below(100) {
    case 0..<25: return map(area)
    case 25..<60: return touch(area)
    case 60..<75:
      let (from, length) = range()
      return .adviseArea(
        area: area, random.pick(MemoryAdvice.allCases), from: from, length: length)
    case 75..<79:
      let (from, _) = range()
      return .lock(area: area, from: from, length: random.pick(1...60))
    case 79..<84:
      let (from, length) = range()
      return .unlock(area: area, from: from, length: length)
    case 84..<88: return .unmap(area: area)
    case 88..<91: return .setCgroup(path: "a/b", settings: [.max(Pages(random.pick(300...900)))])
    case 91..<93: return .setCgroup(path: "a/b", settings: [.swapMax(Pages(random.below(400)))])
    case 93..<95: return .readPages("data", from: random.below(2000), random.pick(1...900))
    case 95..<96: return .dropCaches(random.pick(1...3))
    case 96..<98: return .enter(path: random.pick(["a", "a/b"]))
    default: return .mark(name: "m")
    }
  }

  private mutating func map(_ area: String) -> Operation {
    switch random.below(4) {
    case 0:
      return .map(area: area, .file("data", shared: random.below(2) == 0, from: 0), pages: nil)
    case 1: return .map(area: area, .file("small", shared: false, from: 0), pages: nil)
    case 2: return .map(area: area, .anonymous(shared: true), pages: random.pick(1...1200))
    default: return .map(area: area, .anonymous(shared: false), pages: random.pick(1...1200))
    }
  }

  /// Some of it lies outside of small areas: the kernel then says EINVAL.
  private mutating func touch(_ area: String) -> Operation {
    let from = random.below(3) == 0 ? 0 : random.below(500), length = random.pick(1...500)
    return .touch(
      area: area, write: random.below(2) == 0, fill: false,
      AccessPattern(
        random.pick([.sequential, .reverse, .random]), from: from, length: length,
        count: min(length, 300), seed: random.next()))
  }

  private mutating func range() -> (from: Int, length: Int?) {
    (
      random.below(3) == 0 ? 0 : random.below(500),
      random.below(2) == 0 ? nil : random.pick(1...500)
    )
  }
}
