// SPDX-License-Identifier: Apache-2.0
// One file: its size, its slots, and the height of its tree.

final class FileMapping {
  let number: UInt16
  let name: String
  let pages: Int
  /// Anonymous memory that is shared: a file without a name, whose pages are swap-backed. What was
  /// swapped out is in its slots as swap entries; they hold no shadows.
  let isShmem: Bool
  /// Pages of shared memory whose contents cannot be compressed; empty where there are none.
  private var filledPages: [Bool] = []
  /// First slot; slot base + index belongs to page index.
  let base: Int
  /// A block device, which the file system reads its own blocks from.
  let isDevice: Bool
  /// The number of its name; 0 before anybody looked it up.
  var inodeName: UInt32 = 0
  /// Its name is gone; it stays while anybody has it open.
  var isUnlinked = false
  /// Levels of nodes above the slots; 0: at most page 0 is there, without a node.
  var height = 0
  /// Areas that map it.
  var areas: [Area] = []
  /// Pages and shadows in the tree.
  var entries = 0
  /// Nodes of level 2 and above.
  private let inner: [UnsafeMutablePointer<InnerNode>]
  private let innerCounts: [Int]

  init(
    number: UInt16, name: String, pages: Int, base: Int, isShmem: Bool = false,
    isDevice: Bool = false
  ) {
    self.number = number
    self.name = name
    self.pages = pages
    self.base = base
    self.isShmem = isShmem
    self.isDevice = isDevice
    var counts: [Int] = []
    var covered = 12
    repeat {
      counts.append(((max(pages, 1) - 1) >> covered) + 1)
      covered += 6
    } while counts.last! > 1
    innerCounts = counts
    inner = counts.map {
      let nodes = UnsafeMutablePointer<InnerNode>.allocate(capacity: $0)
      nodes.initialize(repeating: InnerNode(), count: $0)
      return nodes
    }
  }

  deinit { for nodes in inner { nodes.deallocate() } }

  /// Whether it can be looked up.
  var hasName: Bool { !isShmem && !isDevice && !isUnlinked }

  /// A page of shared memory was filled with what cannot be compressed.
  func noteFilled(_ index: Int) {
    if filledPages.isEmpty { filledPages = [Bool](repeating: false, count: pages) }
    filledPages[index] = true
  }

  func isFilled(_ index: Int) -> Bool { !filledPages.isEmpty && filledPages[index] }

  /// The node of level `level` (2 and above) that covers the page; nil where the file is too small
  /// to have one.
  func innerNode(_ level: Int, _ position: Int) -> UnsafeMutablePointer<InnerNode> {
    precondition(level >= 2 && level - 2 < inner.count && position < innerCounts[level - 2])
    return inner[level - 2] + position
  }

  /// How many nodes level `level` (1 and above) has in a full tree.
  func nodeCount(_ level: Int) -> Int { ((max(pages, 1) - 1) >> (6 * level)) + 1 }

  /// Levels needed for a tree that holds page `index`.
  static func levels(for index: Int) -> Int {
    var levels = 0
    while index >> (6 * levels) > 0 { levels += 1 }
    return levels
  }
}
