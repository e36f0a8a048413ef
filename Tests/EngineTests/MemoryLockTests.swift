// SPDX-License-Identifier: Apache-2.0
// mlock and the unevictable list, rule by rule (reference 26 §26.5).

import ReclaimEngine
import TestSupport
import Testing
import UAPI

private let kernels = ["5.10", "6.1"]

@Suite struct MemoryLockTests {
  /// "mlock a mapped page: nr_mlock + n … goes to unevictable list."
  @Test(arguments: kernels)
  func mappedPagesMoveToTheUnevictableList(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(30), .store(30), .lock())
    #expect(change(.nr_mlock, seen[2], seen[3]) == 30)
    #expect(change(.nr_unevictable, seen[2], seen[3]) == 30)
    #expect(seen[3][.nr_inactive_anon] == 0)
    #expect(change(.pgfault, seen[2], seen[3]) == 0)
  }

  /// "New fault in locked vma: straight to unevictable"; the pages that are missing are brought in,
  /// private ones as by a store.
  @Test(arguments: kernels)
  func missingPagesAreBroughtIn(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(20), .load(5), .lock(), .store(20))
    #expect(seen[2][.nr_anon_pages] == 0)
    #expect(seen[3][.nr_anon_pages] == 20 && seen[3][.nr_unevictable] == 20)
    #expect(seen[3][.nr_inactive_anon] == 0)
    #expect(change(.pgfault, seen[3], seen[4]) == 0)
  }

  /// Pages of a file, and of shared memory: brought in by loads, and unevictable from the fault on
  /// that maps them.
  @Test(arguments: kernels)
  func pagesOfAFileAreLockedAsTheyAreMapped(kernel: String) throws {
    let file = try AreaMachine(kernel).looks(.mapFile(shared: true, 32), .lock(), .unlock())
    #expect(file[2][.nr_unevictable] == 32 && file[2][.nr_mlock] == 32)
    #expect(file[3][.nr_unevictable] == 0 && file[3][.nr_mlock] == 0)
    #expect(file[3][.nr_inactive_file] == file[3][.nr_file_pages])
    let shared = try AreaMachine(kernel).looks(.map(20, shared: true), .lock(), .unlock())
    #expect(shared[2][.nr_unevictable] == 20 && shared[2][.nr_shmem] == 20)
    #expect(shared[3][.nr_unevictable] == 0 && shared[3][.nr_inactive_anon] == 20)
  }

  /// "munlock: … put back ⇒ pgs_rescued when it becomes evictable."
  @Test func munlockGivesPagesBackToTheirList() throws {
    let seen = try AreaMachine().looks(.map(30), .lock(), .unlock(10, from: 10))
    #expect(seen[2][.nr_unevictable] == 30)
    #expect(seen[3][.nr_unevictable] == 20 && seen[3][.nr_mlock] == 20)
    #expect(seen[3][.nr_inactive_anon] == 10)
  }

  /// "If other mapping still locked stays", at munlock as at munmap.
  @Test func whatAnotherAreaLocksStays() throws {
    let other = Operation.map(area: "B", .file("data", shared: true, from: 0), pages: 16)
    let seen = try AreaMachine().looks(
      .mapFile(shared: true, 16), other, .lock(), .lock(area: "B", from: 0, length: nil),
      .unlock(), .unmap, .unmap(area: "B"))
    #expect(seen[4][.nr_unevictable] == 16 && seen[4][.nr_mlock] == 16)
    #expect(seen[5][.nr_unevictable] == 16)
    #expect(seen[6][.nr_unevictable] == 16)
    #expect(seen[7][.nr_unevictable] == 0 && seen[7][.nr_mlock] == 0)
  }

  /// Exit unlocks: "unmapping last locked mapping → clear_page_mlock"; "6.1+: munlock folio".
  @Test(arguments: kernels, [false, true])
  func unmappingUnlocks(kernel: String, shared: Bool) throws {
    let tried = try AreaMachine(kernel)
    _ = tried.looks(.map(30, shared: shared), .lock())
    #expect(tried.machine.vmstat(.nr_mlock) == 0 && tried.machine.vmstat(.nr_unevictable) == 0)
    #expect(tried.machine.vmstat(.nr_inactive_anon) == 0)
  }

  /// Reclaim does not see them.
  @Test func reclaimLeavesLockedPagesAlone() throws {
    let tried = try AreaMachine(max: 200)
    var looks: [Snapshot] = []
    let rest = Operation.map(area: "B", .anonymous(shared: false), pages: 400)
    looks = tried.looks(.map(100), .lock(), rest, .store(400, in: "B"))
    #expect(looks[4][.nr_unevictable] == 100 && looks[4][.pswpout] > 250)
    #expect(looks[4].a(.unevictable) == 100)
  }

  /// A locked page is taken out of the swap cache as it is read (22 §22.4, step 5).
  @Test func lockingReadsBackWhatWasSwapped() throws {
    let seen = try AreaMachine().looks(.map(15), .store(15), .advise(.pageout), .lock())
    #expect(seen[4][.pswpin] == 15 && seen[4][.nr_unevictable] == 15)
    #expect(seen[4][.nr_swapcached] == 0)
  }

  /// A stretch that is locked is an area of its own to the kernel, and paid for.
  @Test(arguments: [("5.10", 208), ("6.1", 160)])
  func aPartThatIsLockedIsAnAreaOfItsOwn(kernel: String, size: Int) throws {
    let tried = try AreaMachine(kernel)
    let seen = tried.looks(.map(30), .lock(10, from: 10), .unlock(5, from: 10), .unlock())
    func slab(_ look: Snapshot) -> Int { look.a(.slab_unreclaimable) }
    if kernel == "6.1" {  // 5.10 publishes bytes by 32 pages' worth.
      #expect(slab(seen[1]) == size)
      #expect(slab(seen[2]) == 3 * size + 72 + 112)
      #expect(slab(seen[3]) == 3 * size + 72 + 112)
      #expect(slab(seen[4]) == size + 72 + 112)
    }
    #expect(tried.machine.stat(.slab_unreclaimable, of: "a") == 0)
  }
}
