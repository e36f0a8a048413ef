// SPDX-License-Identifier: Apache-2.0
// Writing to drop_caches: what goes, what stays, what is counted (reference 26 §26.7, 10 §10.6).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

private let kernels = ["5.10", "6.1"]

@Suite struct DropCachesTests {
  /// "For every inode drops clean, unmapped, unlocked pages (active ones too)"; what waits in the
  /// CPU's batches has arrived before; drop_pagecache += 1.
  @Test(arguments: kernels)
  func thePageCacheIsDropped(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .readPages("data", 100), .readPages("data", 100), .readPages("data", 100), .dropCaches(1))
    #expect(seen[3][.nr_active_file] > 0)
    #expect(seen[4][.nr_file_pages] == 0 && seen[4][.nr_active_file] == 0)
    #expect(seen[4][.nr_inactive_file] == 0)
    #expect(seen[4][.drop_pagecache] == 1 && seen[4][.drop_slab] == 0)
    #expect(seen[4][.workingset_nodes] == 0)
  }

  /// "Mapped … remain"; "tmpfs pages are not dropped (dirty, swap-backed)"; anonymous memory is no
  /// cache at all.
  @Test func whatIsInUseStays() throws {
    let shared = Operation.map(area: "S", .anonymous(shared: true), pages: 20)
    let own = Operation.map(area: "P", .anonymous(shared: false), pages: 20)
    let seen = try AreaMachine().looks(
      .readPages("data", 100), .mapFile(shared: true, 16), .load(16), shared, .store(20, in: "S"),
      own, .store(20, in: "P"), .dropCaches(3))
    #expect(seen[8][.nr_mapped] == 16 + 20)
    #expect(seen[8][.nr_file_pages] == 16 + 20 && seen[8][.nr_shmem] == 20)
    #expect(seen[8][.nr_anon_pages] == 20)
  }

  /// "Eviction by invalidate stores no shadow", and those of the file go with its pages: coming
  /// back is no refault.
  @Test func nothingIsRemembered() throws {
    let seen = try AreaMachine(max: 64).looks(
      .readPages("data", 300), .dropCaches(1), .advise("data", .random), .readPages("data", 20))
    #expect(seen[1][.nr_file_pages] < 64)
    #expect(seen[4][.nr_file_pages] == 20)
    #expect(change(.workingset_refault_file, seen[1], seen[4]) == 0)
  }

  /// "Write 2: shrinks slab; drop_slab += 1": here the nodes that hold nothing but shadows, as far
  /// as they exceed an eighth of the cgroup's pages. Pages stay.
  @Test func slabLosesNodesOfShadows() throws {
    let seen = try AreaMachine(max: 1000, file: 24576).looks(
      .readPages("data", 24576), .dropCaches(2))
    #expect(seen[2][.drop_slab] == 1 && seen[2][.drop_pagecache] == 0)
    #expect(seen[2][.workingset_nodes] < seen[1][.workingset_nodes])
    #expect(seen[2][.workingset_nodereclaim] > seen[1][.workingset_nodereclaim])
    #expect(seen[2][.nr_file_pages] == seen[1][.nr_file_pages])
  }

  @Test func theKernelSaysWhoDidIt() throws {
    let tried = try AreaMachine()
    #expect(
      tried.outcomes(.dropCaches(3), .dropCaches(0), .dropCaches(8)).suffix(2)
        == [.failed(.EINVAL), .failed(.EINVAL)])
    #expect(tried.machine.kernelMessages.map(\.text) == ["task (2): drop_caches: 3"])
  }

  /// Dentry and inode of a file that nobody has open go, and nothing is refused.
  @Test func closedFilesAreForgotten() throws {
    let tried = try AreaMachine()
    _ = tried.outcomes(.readPages("data", 10))
    #expect(tried.outcomes(.dropCaches(1), .dropCaches(2)) == [.done, .done])
    #expect(tried.machine.vmstat(.drop_slab) == 1)
    #expect(tried.machine.stat(.slab_reclaimable, of: "a") == 0)
  }
}
