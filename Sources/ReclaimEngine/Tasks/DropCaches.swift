// SPDX-License-Identifier: Apache-2.0
// Writing to /proc/sys/vm/drop_caches: the page cache (1), slab (2), both (3) (reference 26 §26.7,
// 10 §10.6).
//
// Page cache: the CPU's batches are drained first (recorded machines, which boot with two such
// writes, have 3 of 18 root pages left in a batch: without a drain before the second one there
// would be 6). Then every file that has pages loses the clean ones that nobody maps, locks or
// holds, active ones too, and its shadows with them. Shared memory is no file here: it is dirty and
// swap-backed. Slab: all shrinkers at the highest pressure, until a pass frees little: dentries and
// inodes that nobody uses, nodes that hold nothing but shadows. Their memory comes back a grace
// period later.

import Timeline
import UAPI

extension Memory {
  /// - Parameter what: 1 to 3; anything else is EINVAL.
  func dropCaches(_ what: Int, _ task: SimTask) async throws(Killed) -> Outcome {
    guard (1...3).contains(what) else { return .failed(.EINVAL) }
    say("\(task.command) (\(task.pid)): drop_caches: \(what)")
    if what & 1 != 0 {
      try await dropPageCache(task)
      node.counters.add(1, to: .drop_pagecache)
    }
    if what & 2 != 0 {
      try await dropSlab(task)
      node.counters.add(1, to: .drop_slab)
    }
    return .done
  }

  private func dropPageCache(_ task: SimTask) async throws(Killed) {
    batches.drain()
    // The file system's own pages are held by its buffers: they go to the tail of their list.
    for frame in bootFilePages { batches.deactivateFile(frame) }
    for file in cache.allFiles where !file.isShmem && hasPages(file) {
      try await invalidate(file, from: 0, to: file.pages, task)
    }
  }

  private func hasPages(_ file: FileMapping) -> Bool {
    if file.entries == 0 { return false }
    return (0..<file.pages).contains { cache.slots[file.base + $0].folio != 0 }
  }

  private func dropSlab(_ task: SimTask) async throws(Killed) {
    var pass = 0
    while true {
      var freed = 0
      var walk = tree.walk(below: MemcgTree.rootNumber)
      while let number = walk.next() {
        let (objects, cost) = shrinkSlab(number, priority: 0, gfp: .kernel)
        freed += objects
        if cost > 0 { try await task.spend(cost) }
      }
      if !profile.slabDrop.goesOn(after: freed, pass: pass) { return }
      pass += 1
    }
  }
}

extension SlabDrop {
  /// Whether another pass follows the one of that number, from 0, that has freed so many objects.
  func goesOn(after freed: Int, pass: Int) -> Bool {
    switch self {
    case .whileMoreThanTen: freed > 10
    case .whileEverMore: freed >> pass > 1
    }
  }
}
