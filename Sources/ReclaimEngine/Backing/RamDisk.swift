// SPDX-License-Identifier: Apache-2.0
// A RAM disk (brd): a page of the machine for each page written to it first, and a node of its tree
// for every 64. It never gives them back.

import UAPI

struct RamDisk {
  /// Pages written to it so far.
  private(set) var pages = 0

  /// Room for another page. False: the zones have none.
  mutating func grow(_ allocator: PageAllocator, _ slabs: SlabCaches, _ frames: FrameTable) -> Bool
  {
    let frame = allocator.allocate(order: 0, .unmovable)
    pages += 1
    if frame == 0 || (pages % 64 == 1 && !slabs.take(.treeNode)) { return false }
    frames.rows[Int(frame)] = FrameRow(position: 0, slot: 0, link: 0, flags: .kernel, memcg: 0)
    return true
  }
}
