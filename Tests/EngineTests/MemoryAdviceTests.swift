// SPDX-License-Identifier: Apache-2.0
// madvise, rule by rule (reference 26 §26.6, 08 §§8.5, 8.7, 01 §1.8).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

private let kernels = ["5.10", "6.1"]

@Suite struct MemoryAdviceTests {
  // MARK: COLD

  /// "MADV_COLD: active → inactive: pgdeactivate += n if active", counted when the batch of 15 is
  /// carried out. Without swap, MADV_PAGEOUT activates.
  @Test(arguments: kernels)
  func coldSendsActivePagesToTheInactiveList(kernel: String) throws {
    let seen = try AreaMachine(kernel, swap: 0).looks(
      .map(15), .store(15), .advise(.pageout), .advise(.cold, from: 0, 14), .advise(.cold))
    #expect(seen[3][.nr_active_anon] == 15 && seen[3][.nr_inactive_anon] == 0)
    #expect(seen[4][.pgdeactivate] == 0 && seen[4][.nr_active_anon] == 15)
    #expect(seen[5][.pgdeactivate] > 0)
    #expect(seen[5][.nr_active_anon] + seen[5][.nr_inactive_anon] == 15)
    #expect(seen[5][.nr_active_anon] == 15 - seen[5][.pgdeactivate])
  }

  /// "Young cleared": without it the first scan keeps every page (07 §7.5, row 6).
  @Test(arguments: [(false, true), (true, false)])
  func coldForgetsThatPagesWereTouched(cold: Bool, keeps: Bool) throws {
    let seen = try AreaMachine().looks(
      .map(60), .store(60), cold ? .advise(.cold) : .advise(.normal),
      .setCgroup(path: "a", settings: [.max(40)]))
    #expect(seen[4][.pgsteal_anon] > 0)
    #expect((seen[4][.pgscan_anon] > seen[4][.pgsteal_anon]) == keeps)
  }

  /// "Mapped exactly once."
  @Test func whatAnotherAreaMapsIsLeftAlone() throws {
    let other = Operation.map(area: "B", .file("data", shared: true, from: 0), pages: 15)
    let seen = try AreaMachine().looks(
      .mapFile(shared: true, 15), .load(15), other, .load(15, in: "B"), .advise(.pageout),
      .unmap(area: "B"), .advise(.pageout))
    #expect(change(.nr_file_pages, seen[4], seen[5]) == 0)
    #expect(change(.nr_file_pages, seen[6], seen[7]) == -15)
  }

  // MARK: PAGEOUT

  /// "Immediately reclaimed … no pgscan/pgsteal; pswpout, nr_vmscan_write as usual."
  @Test(arguments: kernels)
  func pageoutSwapsWithoutScanning(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(30), .store(30), .advise(.pageout, from: 5, 20), .load(1, from: 5))
    let after = seen[3]
    #expect(after[.pswpout] == 20 && after[.nr_vmscan_write] == 20)
    #expect(after[.pgscan_anon] == 0 && after[.pgsteal_anon] == 0)
    #expect(after[.nr_anon_pages] == 10 && after[.nr_inactive_anon] == 10)
    #expect(change(.pgmajfault, after, seen[4]) == 1)
  }

  /// "Mapped exactly once and on LRU": what waits in the LRU-add batch cannot be isolated.
  @Test func pageoutTakesWhatIsOnAList() throws {
    let seen = try AreaMachine().looks(.map(20), .store(20), .advise(.pageout))
    #expect(seen[3][.pswpout] == 15 && seen[3][.nr_anon_pages] == 5)
  }

  /// 01 §1.8: "leftovers put back through the normal LRU-add path".
  @Test func whatPageoutCannotReclaimWaitsInTheBatch() throws {
    let seen = try AreaMachine(swap: 0).looks(.map(15), .store(15), .advise(.pageout, from: 0, 14))
    #expect(seen[3][.pgactivate] == 14)
    #expect(seen[3][.nr_active_anon] == 0 && seen[3][.nr_inactive_anon] == 1)
  }

  /// "File pages need ownership/write access": a task has both here. They leave shadows.
  @Test(arguments: [true, false])
  func pageoutDropsCleanFilePages(shared: Bool) throws {
    let seen = try AreaMachine().looks(
      .mapFile(shared: shared, 15), .load(15), .advise(.pageout), .load(15))
    #expect(change(.nr_file_pages, seen[2], seen[3]) == -15)
    #expect(seen[3][.nr_mapped] == 0)
    #expect(seen[4][.workingset_refault_file] == 15)
  }

  // MARK: FREE

  /// "Swap-backed cleared, moved to the inactive file list; pglazyfree += n."
  @Test(arguments: kernels)
  func freedPagesMoveToTheInactiveFileList(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(30), .store(30), .advise(.free))
    #expect(seen[3][.pglazyfree] == 30)
    #expect(seen[3][.nr_inactive_anon] == 0 && seen[3][.nr_inactive_file] == 30)
    #expect(seen[3][.nr_anon_pages] == 30)
  }

  /// "Freed by reclaim if still clean: pglazyfreed", without swap; "clean zero on read". No shadow
  /// stays, and no clock advances.
  @Test func reclaimFreesThemWithoutWriting() throws {
    let seen = try AreaMachine().looks(
      .map(30), .store(30), .advise(.free), .setCgroup(path: "a", settings: [.max(4)]), .load(30))
    #expect(seen[4][.pglazyfreed] == 30 && seen[4][.pswpout] == 0)
    #expect(seen[4][.nr_anon_pages] == 0)
    #expect(seen[5][.nr_anon_pages] == 0 && seen[5][.pgmajfault] == 0)
  }

  /// "Redirtied → swap-backed again, moved to anon list."
  @Test func whatIsStoredToAgainIsKept() throws {
    let seen = try AreaMachine().looks(
      .map(30), .store(30), .advise(.free), .store(30),
      .setCgroup(path: "a", settings: [.max(20)]))
    #expect(seen[5][.pglazyfreed] == 0)
    #expect(seen[5][.pswpout] > 0 && seen[5][.pgactivate] > 0)
    #expect(seen[5][.nr_anon_pages] + seen[5][.pswpout] == 30)
  }

  @Test func freeGivesUpWhatLiesInSwap() throws {
    let seen = try AreaMachine().looks(
      .map(15), .store(15), .advise(.pageout), .advise(.free), .load(15))
    #expect(seen[3][.pswpout] == 15)
    #expect(seen[5][.pgmajfault] == 0 && seen[5][.nr_anon_pages] == 0)
  }

  /// "Swap-cached ones are removed from swap cache first."
  @Test func freeTakesPagesOutOfTheSwapCache() throws {
    let seen = try AreaMachine().looks(
      .map(15), .store(15), .advise(.pageout), .advise(.willneed), .load(15), .advise(.free))
    #expect(seen[5][.nr_swapcached] == 15 && seen[5][.nr_anon_pages] == 15)
    #expect(seen[6][.nr_swapcached] == 0 && seen[6][.pglazyfree] == 15)
  }

  @Test func freeFitsAnonymousMemoryOnly() throws {
    let answers = try AreaMachine().outcomes(.mapFile(shared: false, 4), .advise(.free))
    #expect(answers == [.done, .failed(.EINVAL)])
  }

  // MARK: DONTNEED

  /// "Zap: pages freed immediately; anon content lost", swap entries too.
  @Test(arguments: kernels)
  func dontneedFreesPagesAndSwap(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(60), .store(60), .advise(.pageout, from: 0, 30), .advise(.dontneed, from: 10, 40),
      .load(60))
    #expect(seen[3][.pswpout] == 30)
    #expect(seen[4][.nr_anon_pages] == 10)
    // The first ten are read back, forty are the page of zeros.
    #expect(seen[5][.nr_anon_pages] == 20 && seen[5][.pswpin] == 10)
  }

  /// 26.3: "the zap … starts with a drain of the CPU's LRU batches".
  @Test func dontneedDrainsTheBatches() throws {
    let seen = try AreaMachine().looks(.map(20), .store(20), .advise(.dontneed, from: 0, 1))
    #expect(seen[2][.nr_inactive_anon] == 15 && seen[3][.nr_inactive_anon] == 19)
  }

  /// 26.3: "file page: young pte → mark accessed (not for VM_SEQ_READ vmas)".
  @Test(arguments: [(MemoryAdvice.normal, 15), (.sequential, 0)])
  func droppingAYoungMappingMarksThePage(advice: MemoryAdvice, activated: Int) throws {
    let seen = try AreaMachine().looks(
      .mapFile(shared: true, 15), .load(15), .advise(advice), .advise(.dontneed), .load(15),
      .advise(.dontneed))
    #expect(seen[4][.nr_mapped] == 0 && seen[4][.pgactivate] == 0)
    #expect(seen[6][.pgactivate] == activated)
  }

  // MARK: WILLNEED, RANDOM, SEQUENTIAL

  /// "Reads swap entries via cluster readahead (async), pages land inactive anon."
  @Test(arguments: kernels)
  func willneedReadsSwappedPages(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(15), .store(15), .advise(.pageout), .advise(.willneed), .load(15))
    #expect(seen[4][.nr_swapcached] == 15)
    // 09 §9.2: on 5.10 an immediate refault has distance 0, so the last page starts active.
    #expect(seen[4][.nr_active_anon] == (kernel == "5.10" ? 1 : 0))
    #expect(seen[4][.nr_inactive_anon] == 15 - seen[4][.nr_active_anon])
    #expect(seen[4][.nr_anon_pages] == 0 && seen[4][.pgmajfault] == 0)
    #expect(seen[5][.nr_anon_pages] == 15 && seen[5][.pgmajfault] == 0)
  }

  /// 25.8: as forced readahead of the file's pages.
  @Test func willneedReadsPagesOfAFile() throws {
    let seen = try AreaMachine().looks(
      .mapFile(shared: true, from: 100), .advise(.willneed, from: 10, 7))
    #expect(change(.nr_file_pages, seen[1], seen[2]) == 7)
    #expect(seen[2][.nr_mapped] == 0 && seen[2][.nr_inactive_file] == 0)
  }

  /// 25.7: "MADV_RANDOM vma, page missing: single page"; "MADV_SEQUENTIAL: sync readahead".
  @Test(arguments: [(MemoryAdvice.random, 1), (.normal, 32), (.sequential, 32)])
  func howAMissingPageIsRead(advice: MemoryAdvice, pages: Int) throws {
    let seen = try AreaMachine().looks(
      .mapFile(shared: true), .advise(advice), .load(1, from: 1000))
    #expect(change(.nr_file_pages, seen[2], seen[3]) == pages)
    #expect(change(.pgmajfault, seen[2], seen[3]) == 1)
  }

  /// Only what is locked: a part before it is given up all the same.
  @Test func adviceGoesAsFarAsTheFirstLockedPage() throws {
    let tried = try AreaMachine()
    let answers = tried.outcomes(
      .map(40), .store(40), .lock(10, from: 20), .advise(.dontneed, from: 30, 10),
      .advise(.dontneed, from: 10, 20), .mark(name: "m"))
    #expect(answers[3] == .done && answers[4] == .failed(.EINVAL))
    #expect(tried.machine.marks[0].snapshot[.nr_anon_pages] == 20)
  }

  /// Pages that are locked cannot be given up.
  @Test(arguments: [MemoryAdvice.dontneed, .free, .cold, .pageout])
  func lockedMemoryIsNotGivenUp(advice: MemoryAdvice) throws {
    let answers = try AreaMachine().outcomes(.map(4), .lock(), .advise(advice))
    #expect(answers == [.done, .done, .failed(.EINVAL)])
  }
}
