// SPDX-License-Identifier: Apache-2.0
// Shared anonymous memory: page cache on the anonymous lists, swapped through its file (reference
// 26 §26.8, 22 §22.5, 07 §7.9).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

private let kernels = ["5.10", "6.1"]

@Suite struct ShmemTests {
  /// "Shmem pages are page cache (nr_file_pages, nr_shmem) but live on the anon LRU."
  @Test(arguments: kernels)
  func aStoreMakesAPageOfTheFileOnTheAnonymousList(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(100, shared: true), .store(100))
    let before = seen[1], after = seen[2]
    #expect(change(.nr_shmem, before, after) == 100)
    #expect(change(.nr_file_pages, before, after) == 100)
    #expect(change(.nr_mapped, before, after) == 100)
    #expect(change(.nr_anon_pages, before, after) == 0)
    #expect(change(.nr_dirty, before, after) == 0)
    // §26.10: what waits in the batch of 15 is on no list.
    #expect(change(.nr_inactive_anon, before, after) == 90)
    #expect(change(.nr_inactive_file, before, after) == 0)
    #expect(change(.pgfault, before, after) == 100)
    #expect(change(.pgmajfault, before, after) == 0)
  }

  /// "memory.stat: file + shmem, and in cgroup v2 anon_… counters for LRU sizes."
  @Test func memoryStatCountsItAsFileAndShmem() throws {
    let seen = try AreaMachine().looks(.map(90, shared: true), .store(90))
    #expect(seen[2].a(.file) == 90 && seen[2].a(.shmem) == 90 && seen[2].a(.file_mapped) == 90)
    #expect(seen[2].a(.anon) == 0)
    #expect(seen[2].a(.inactive_anon) == 90 && seen[2].a(.inactive_file) == 0)
  }

  /// A mapped load of a hole makes a page; its first store needs no fault of its own.
  @Test(arguments: kernels)
  func aLoadMakesAPageThatMayBeStoredTo(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(20, shared: true), .load(20), .store(20))
    #expect(change(.nr_shmem, seen[1], seen[2]) == 20)
    #expect(change(.pgfault, seen[1], seen[2]) == 20)
    #expect(change(.pgfault, seen[2], seen[3]) == 0)
  }

  /// §25.7: "a read fault maps every cached page inside the aligned window of 16 pages".
  @Test(arguments: kernels)
  func aLoadMapsItsCachedNeighbours(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(32, shared: true), .store(32), .advise(.dontneed), .load(32))
    // 16 from the area's own beginning, what is left of the next window, and the last one.
    #expect(change(.pgfault, seen[3], seen[4]) == 3)
    #expect(seen[4][.nr_mapped] == 32)
  }

  /// §26.6: MADV_DONTNEED zaps the mapping; the file keeps what was written.
  @Test(arguments: kernels)
  func dontneedDropsTheMappingOnly(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(30, shared: true), .store(30), .advise(.dontneed))
    #expect(seen[3][.nr_mapped] == 0 && seen[3][.nr_shmem] == 30)
  }

  @Test func freeFitsPrivateMemoryOnly() throws {
    let answers = try AreaMachine().outcomes(.map(4, shared: true), .store(4), .advise(.free))
    #expect(answers == [.done, .done, .failed(.EINVAL)])
  }

  // MARK: swap

  /// "Swapped like anon: slot, swap cache, then removed from the mapping (swp entry stored)."
  @Test(arguments: kernels)
  func reclaimSwapsItOutThroughItsFile(kernel: String) throws {
    let seen = try AreaMachine(kernel, max: 100).looks(.map(300, shared: true), .store(300))
    let after = seen[2]
    #expect(after[.pswpout] > 0 && after[.pswpin] == 0)
    #expect(after[.nr_shmem] + after[.pswpout] == 300)
    #expect(after[.nr_vmscan_write] == after[.pswpout])
    #expect(after.cgroup("a")!.swapCurrent == after[.pswpout])
    // Swap entries are no shadows.
    #expect(after[.workingset_nodes] == 0 && after[.nr_swapcached] == 0)
    #expect(after[.pgscan_anon] > 0 && after[.pgscan_file] == 0)
  }

  /// §22.5: "shmem/tmpfs faults always use cluster readahead", an aligned block of the window's
  /// size; §26.8: "major fault counted in fault path; a swapped-in page goes back to the mapping,
  /// swap cache freed immediately".
  @Test(arguments: kernels)
  func aFaultReadsTheBlockAroundItsSlot(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(15, shared: true), .store(15), .advise(.pageout), .load(1), .load(1, from: 1),
      .load(1, from: 8))
    #expect(seen[3][.pswpout] == 15 && seen[3][.nr_shmem] == 0 && seen[3][.nr_mapped] == 0)
    #expect(seen[3][.pgscan_anon] == 0)  // §26.6: no scan is counted.
    // Four hits to begin with: a window of 8. Slots begin at a multiple of 8.
    #expect(seen[4][.pswpin] == 8 && seen[4][.swap_ra] == 7 && seen[4][.pgmajfault] == 1)
    #expect(seen[4][.nr_shmem] == 1 && seen[4][.nr_swapcached] == 7)
    // A neighbour is there: a minor fault, and a hit.
    #expect(seen[5][.pgmajfault] == 1 && seen[5][.swap_ra_hit] == 1 && seen[5][.nr_shmem] == 2)
    // One hit: a window of 4, which is also half of the last one.
    #expect(seen[6][.pswpin] == 12 && seen[6][.pgmajfault] == 2)
  }

  /// §26.8: a swapped-in page is "dirtied": its slot is gone, so it is written again.
  @Test func whatCameBackIsDirty() throws {
    let seen = try AreaMachine().looks(
      .map(15, shared: true), .store(15), .advise(.pageout), .load(15), .advise(.pageout))
    #expect(seen[4][.nr_shmem] == 15)
    #expect(change(.pswpout, seen[4], seen[5]) == 15)
  }

  /// §7.1, step 17: a page that nobody ever wrote to is clean; it goes without a trace.
  @Test func aPageOfZerosNeedsNoSwap() throws {
    let seen = try AreaMachine().looks(
      .map(15, shared: true), .load(15), .advise(.pageout), .load(15))
    #expect(seen[3][.nr_shmem] == 0 && seen[3][.pswpout] == 0)
    #expect(seen[4][.nr_shmem] == 15 && seen[4][.pgmajfault] == 0)
  }

  /// §7.9: "returns activate (e.g. shmem without swap) … ACTIVATE".
  @Test func withoutSwapAPageIsActivated() throws {
    let seen = try AreaMachine(swap: 0).looks(
      .map(15, shared: true), .store(15), .advise(.pageout))
    #expect(seen[3][.nr_active_anon] == 15 && change(.pgactivate, seen[2], seen[3]) == 15)
    #expect(seen[3][.nr_vmscan_write] == 0 && seen[3][.nr_shmem] == 15)
  }

  /// §26.6: MADV_WILLNEED "reads swap entries via cluster readahead, pages land inactive anon".
  @Test func willneedReadsSwappedPagesIntoTheSwapCache() throws {
    let seen = try AreaMachine().looks(
      .map(15, shared: true), .store(15), .advise(.pageout), .advise(.willneed), .load(15))
    #expect(seen[4][.nr_swapcached] == 15 && seen[4][.nr_shmem] == 0)
    #expect(seen[4][.pgmajfault] == 0 && seen[4][.nr_inactive_anon] == 15)
    #expect(seen[5][.nr_swapcached] == 0 && seen[5][.nr_shmem] == 15 && seen[5][.pgmajfault] == 0)
  }

  // MARK: the end

  @Test(arguments: kernels, [false, true])
  func unmappingOrExitingFreesAllOfIt(kernel: String, exits: Bool) throws {
    let tried = try AreaMachine(kernel, max: 100)
    let machine = tried.machine
    let before = machine.observe()
    _ =
      exits
      ? tried.looks(.map(300, shared: true), .store(300))
      : tried.looks(.map(300, shared: true), .store(300), .unmap)
    let after = machine.observe()
    #expect(after[.nr_shmem] == 0 && after[.nr_mapped] == 0)
    #expect(after[.nr_file_pages] == before[.nr_file_pages])
    #expect(after[.nr_inactive_anon] == 0 && after[.nr_active_anon] == 0)
    #expect(after.a(.slab_reclaimable) == 0)
    // §22.2: what lies in the CPU's return cache stays charged.
    #expect(after.cgroup("a")!.swapCurrent! <= 64)
  }

  /// The inode, the dentry and the open file behind it are charged (fidelity/starting-state.md).
  @Test func theFileBehindItIsCharged() throws {
    let seen = try AreaMachine().looks(.map(1, shared: true), .store(1))
    // Page 0 alone has no node.
    #expect(seen[2].a(.slab_reclaimable) == 792 + 200)
    #expect(seen[2].a(.slab_unreclaimable) == 264 + 160)
  }

  @Test func theOomReportTellsItApart() throws {
    let tried = try AreaMachine(swap: 0, max: 300)
    _ = tried.outcomes(.map(600, shared: true), .store(600))
    let text = tried.machine.kernelMessages.map(\.text).joined(separator: "\n")
    let killed = try #require(text.split(separator: "\n").first { $0.contains("Killed process") })
    // Counts are settled at every 66th fault, before it maps its page: 263 of 264.
    #expect(killed.contains("anon-rss:0kB") && killed.contains("file-rss:0kB"))
    #expect(killed.contains("shmem-rss:1052kB"), "\(killed)")
    #expect(tried.machine.vmstat(.oom_kill) == 1)
  }
}
