// SPDX-License-Identifier: Apache-2.0
// How the free blocks of a recorded machine divide among the mobilities.
//
// /proc/buddyinfo tells free blocks by order only. Which of them lie on the unmovable and the
// reclaimable lists was read from /proc/pagetypeinfo of a few machines recorded again; the other
// blocks are movable. Machines that were not read again get the row of the nearest one, as far as
// their own blocks of that order reach. Rows of machines that made no file, of zones that share
// the memory, and of 5.10 and 6.1 by their blocks of order 8 and 9, are inferred: with them the
// first fallbacks of the traces take what they took. They are guesses about a state, not rules.
//
// Two things are read off `base` itself. Boot claims the same pageblocks for reclaimable pages on
// every machine: what nr_slab_reclaimable leaves of them is free. And each task that was forked and
// waits has its page tables in what is free of the unmovable ones.
//
// A machine that made a directory of files and dropped it has many small blocks more: pages of
// slabs that were freed where reclaimable pages lie. They serve the next such slabs (recordings: no
// fallback happens while the names come back).

/// Free blocks of the two small mobilities, by order 0…10.
struct RecordedBuddy {
  private(set) var unmovable: [Int]
  private(set) var reclaimable: [Int]

  /// Movable blocks of a machine of 256 MiB that made no directory.
  var movable = [Int](repeating: .max, count: 11)

  private static let none = [Int](repeating: 0, count: 11)
  /// From here on the row of a machine of 1 GiB fits better than that of 256 MiB.
  private static let largeZonePages = 160_000

  /// The row for one zone of a kernel with `free` blocks by order; nothing but movable blocks where
  /// none is known.
  /// - Parameters:
  ///   - isHighest: whether the kernel image lies there: no zone above manages memory.
  ///   - madeFiles: whether files were made before.
  static func row(
    kernel: String, zone: String, managed: Int, isHighest: Bool, madeFiles: Bool = true,
    free: [Int]
  ) -> RecordedBuddy {
    if zone == "DMA" {
      return kernel == "5.10"
        ? RecordedBuddy(unmovable: [1, 0, 0, 1, 2, 0, 1, 0, 1, 0, 0], reclaimable: none)
        : RecordedBuddy(unmovable: [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0], reclaimable: none)
    }
    // Of a machine whose memory is divided only the large blocks show in what fallbacks took.
    if !isHighest {
      return RecordedBuddy(
        unmovable: kernel == "5.10"
          ? [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0] : [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
        reclaimable: none)
    }
    let blocks = { (order: Int) in order < free.count ? free[order] : 0 }
    switch kernel {
    // Just before, the recorder took a buffer of order 9 from the unmovable list and gave it back:
    // where that list had none, one of order 10 became unmovable. Its other blocks of order 9 were
    // in use by then.
    case "5.10" where blocks(9) < 2 && madeFiles:
      return RecordedBuddy(
        unmovable: [1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1],
        reclaimable: [0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0])
    // About what the page tables of three machines take before the next page falls back.
    case "5.10" where blocks(9) < 2:
      return RecordedBuddy(
        unmovable: [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1],
        reclaimable: [0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0])
    case "5.10":
      return RecordedBuddy(
        unmovable: [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        reclaimable: [0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0])
    case "6.1" where managed >= largeZonePages:
      return RecordedBuddy(
        unmovable: [1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 0],
        reclaimable: [1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0])
    // What fallbacks take, and when the exit's own do, says that there is less where no file was
    // made.
    case "6.1" where zone == "DMA32" && !madeFiles:
      return RecordedBuddy(
        unmovable: [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1],
        reclaimable: [0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0])
    // Half of the reclaimable block of order 8 was in use where there are fewer of that order.
    case "6.1" where zone == "DMA32" && blocks(8) < 7:
      return RecordedBuddy(
        unmovable: [0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1],
        reclaimable: [0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0])
    case "6.1":
      return RecordedBuddy(
        unmovable: [0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1],
        reclaimable: [0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0])
    case "6.12":
      return RecordedBuddy(
        unmovable: [0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0],
        reclaimable: [0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0])
    case "7.2":
      return RecordedBuddy(
        unmovable: [0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0],
        reclaimable: [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0])
    default:
      return RecordedBuddy(unmovable: none, reclaimable: none)
    }
  }

  /// The row of a machine that made directories and dropped them. On 6.1 the recorder's buffer is
  /// still on the CPU's lists, and the unmovable list holds what is left of its block's other half.
  static func dropped(kernel: String, managed: Int, free: [Int]) -> RecordedBuddy {
    if kernel == "6.1" {
      return RecordedBuddy(
        unmovable: [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], reclaimable: none,
        movable: [1, 0, 1, 0, 1, 0, 8, 7, 5, 2, .max])
    }
    var row = row(kernel: kernel, zone: "DMA32", managed: managed, isHighest: true, free: free)
    if kernel == "5.10" { row.movable = [1, 1, 1, 1, 1, 1, 2, 6, 4, 0, .max] }
    return row
  }

  /// Pages of the reclaimable pageblocks that are slabs or free: four and six pageblocks, but for
  /// what waits on per-CPU lists and what never was free (machines of which both were read out).
  private static let reclaimablePages = ["5.10": 4 * 512 - 10, "6.1": 6 * 512 - 24]

  /// The reclaimable blocks as slabs of so many pages leave them. Slabs fill a pageblock from its
  /// bottom: what is free of it is a chain of blocks, each larger than the one below.
  mutating func leaveReclaimable(kernel: String, managed: Int, slabs: Int, free: [Int]) {
    guard let pages = Self.reclaimablePages[kernel], managed < Self.largeZonePages else { return }
    var left = pages - slabs
    // One pageblock more was claimed.
    if left < 0 { left &= 511 }
    // On 5.10 the upper half of a pageblock is begun (traces: what is taken from it is of order 7);
    // what there is more waits on the CPU's lists.
    if kernel == "5.10" { left = Swift.min(left, 255) }
    reclaimable = Self.chain(left, upTo: 9, in: free)
  }

  /// The unmovable blocks where that many pages more are in use than with one task: those of less
  /// than a pageblock shrink to a chain.
  mutating func useUnmovable(_ pages: Int, free: [Int]) {
    guard pages > 0 else { return }
    let small = (0..<9).reduce(0) { $0 + unmovable[$1] << $1 }
    let others = free.enumerated().map { order, blocks in
      order < reclaimable.count ? max(0, blocks - reclaimable[order]) : 0
    }
    let chain = Self.chain(max(0, small - pages), upTo: 8, in: others)
    for order in 0..<9 { unmovable[order] = chain[order] }
  }

  /// Blocks that make up so many pages, the largest first, as far as such blocks are free.
  private static func chain(_ pages: Int, upTo largest: Int, in free: [Int]) -> [Int] {
    var blocks = none, left = pages
    for order in stride(from: largest, through: 0, by: -1) where order < free.count {
      blocks[order] = Swift.min(left >> order, free[order])
      left -= blocks[order] << order
    }
    return blocks
  }

  /// `free` blocks by order, divided: [unmovable, movable, reclaimable][order].
  func split(_ free: [Int]) -> [[Int]] {
    var lists = [[Int]](repeating: Self.none, count: 3)
    for order in 0..<Swift.min(free.count, Self.none.count) {
      let unmovable = Swift.min(unmovable[order], free[order])
      let left = free[order] - unmovable
      let reclaimable = Swift.min(max(reclaimable[order], left - movable[order]), left)
      lists[0][order] = unmovable
      lists[1][order] = free[order] - unmovable - reclaimable
      lists[2][order] = reclaimable
    }
    return lists
  }
}
