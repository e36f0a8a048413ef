// SPDX-License-Identifier: Apache-2.0
// Faults, rule by rule: anonymous memory, mapped files, what unmapping does (reference 26 §§26.1 to
// 26.3, 25 §25.7, 22 §22.4).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

private let kernels = ["5.10", "6.1"]

@Suite struct AnonymousFaultTests {
  /// "Read fault, no page: shared zero page mapped, nothing allocated, no rss, not on LRU."
  @Test(arguments: kernels)
  func aLoadMapsThePageOfZeros(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(40), .load(40), .store(40))
    #expect(change(.pgfault, seen[1], seen[2]) == 40)
    #expect(seen[2][.nr_anon_pages] == 0 && seen[2].a(.anon) == 0)
    #expect(change(.numa_hit, seen[1], seen[2]) == 0)
    // "Write on zero page: new page as above."
    #expect(change(.pgfault, seen[2], seen[3]) == 40)
    #expect(seen[3][.nr_anon_pages] == 40)
  }

  /// "Write fault: 1 page charged, zeroed; 5.10+ inactive anon"; "pgfault +1, no major".
  @Test(arguments: kernels)
  func aStoreMakesAnInactivePage(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(.map(45), .store(45))
    #expect(seen[2][.nr_anon_pages] == 45)
    #expect(seen[2][.nr_inactive_anon] == 45 && seen[2][.nr_active_anon] == 0)
    #expect(change(.pgfault, seen[1], seen[2]) == 45 && seen[2][.pgmajfault] == 0)
  }

  /// 22.4, step 7: "a read fault maps it read-only up to 6.1, so the first later write takes one
  /// more minor fault"; "a write fault maps it writable and dirty".
  @Test(arguments: kernels)
  func whatWasSwappedInForReadingFaultsOnceMore(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .map(30), .store(30), .advise(.pageout), .load(10), .store(10), .store(10, from: 10),
      .store(20))
    #expect(change(.pgfault, seen[3], seen[4]) == 10 && change(.pgmajfault, seen[3], seen[4]) == 10)
    #expect(change(.pgfault, seen[4], seen[5]) == 10 && change(.pgmajfault, seen[4], seen[5]) == 0)
    #expect(change(.pgmajfault, seen[5], seen[6]) == 10)
    #expect(change(.pgfault, seen[6], seen[7]) == 0)
  }

  /// A swapped-in page is "clean unless write fault"; its slot is gone on a synchronous device, so
  /// it is written all the same.
  @Test func aPageReadBackIsWrittenAgain() throws {
    let seen = try AreaMachine().looks(
      .map(15), .store(15), .advise(.pageout), .load(15), .advise(.pageout))
    #expect(seen[3][.pswpout] == 15 && seen[5][.pswpout] == 30)
  }

  /// Recorded exits: a slot of swap costs as much as a page to give up, a locked page half as much
  /// again.
  @Test(arguments: ["5.10", "6.1"])
  func givingUpMemoryTakesTimeByWhatItHeld(kernel: String) throws {
    func time(_ operations: Operation...) throws -> UInt64 {
      let machine = try AreaMachine(kernel).machine
      defer { machine.shutdown() }
      var looks: [Instant] = []
      machine.perform([.map(600)] + operations + [.unmap], in: "a") { _ in
        looks.append(machine.observe().at)
      }
      return (looks[looks.count - 1] - looks[looks.count - 2]).count
    }
    let empty = try time()
    let present = try time(.store(600)) - empty
    let swapped = try time(.store(600), .advise(.pageout)) - empty
    let locked = try time(.lock()) - empty
    #expect(swapped > present * 3 / 4 && swapped < present)
    #expect(locked > present * 3 / 2 && locked < present * 2)
  }

  /// "Pages of one free batch (up to 15) are uncharged together … the per-cpu charge stock is not
  /// refilled": memory.current falls by all of them.
  @Test func unmappedPagesAreUnchargedAtOnce() throws {
    let seen = try AreaMachine().looks(.map(64), .store(64), .unmap)
    let fall = seen[2].cgroup("a")!.current! - seen[3].cgroup("a")!.current!
    #expect((64...66).contains(fall))
    #expect(seen[3][.nr_anon_pages] == 0 && seen[3][.nr_inactive_anon] == 0)
  }
}

@Suite struct FileFaultTests {
  /// "Page cached, read: map existing; folio's LRU place unchanged", and no mark (08 §8.3).
  @Test(arguments: kernels)
  func aCachedPageIsMappedWhereItIs(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .readPages("data", 60), .mapFile(shared: true, 16), .load(16), .load(16))
    #expect(change(.pgmajfault, seen[2], seen[4]) == 0)
    #expect(change(.nr_file_pages, seen[2], seen[4]) == 0)
    #expect(seen[4][.nr_mapped] == 16 && seen[4].a(.file_mapped) > 0 || kernel == "5.10")
    #expect(change(.pgactivate, seen[2], seen[4]) == 0)
    // §25.7: one window of 16 that begins where the area does.
    #expect(change(.pgfault, seen[2], seen[4]) == 1)
  }

  /// "Missing: pgmajfault, read-around, then map": [p − 16, p + 16), handled twice.
  @Test(arguments: kernels, [(0, 32), (10, 32), (16, 32), (1000, 32), (4090, 22)])
  func aMissingPageIsReadWithItsNeighbours(kernel: String, window: (page: Int, read: Int)) throws {
    let seen = try AreaMachine(kernel).looks(
      .mapFile(shared: true), .load(1, from: window.page))
    #expect(change(.nr_file_pages, seen[1], seen[2]) == window.read)
    #expect(change(.pgmajfault, seen[1], seen[2]) == 1)
    #expect(change(.pgfault, seen[1], seen[2]) == 2)
    // §8.1: page cache starts inactive.
    #expect(seen[2][.nr_active_file] == 0)
  }

  /// §25.7: fault-around "maps every cached page without the readahead marker", so "the readahead
  /// marker page itself always takes the slow path and triggers the async window".
  @Test(arguments: kernels)
  func theMarkedPageAsksForTheNextWindow(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .mapFile(shared: true), .load(24), .load(1, from: 24))
    #expect(change(.nr_file_pages, seen[1], seen[2]) == 32)
    #expect(change(.nr_file_pages, seen[2], seen[3]) == 32)
    #expect(change(.pgmajfault, seen[2], seen[3]) == 0)
  }

  /// "Write to private mapping: anon copy (COW), file page untouched"; "write faults and private
  /// COW faults do not fault around".
  @Test(arguments: kernels)
  func aStoreToAPrivateMappingCopies(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .readPages("data", 30), .mapFile(shared: false, 20), .store(1, from: 3), .load(20),
      .store(1, from: 8))
    #expect(seen[3][.nr_anon_pages] == 1 && seen[3][.nr_mapped] == 0)
    #expect(change(.nr_file_pages, seen[2], seen[5]) == 0)
    // What was stored to stays the task's own.
    #expect(seen[4][.nr_mapped] == 19)
    #expect(seen[5][.nr_mapped] == 18 && seen[5][.nr_anon_pages] == 2)
  }

  /// What a task stored to in a private mapping is anonymous memory: it is swapped, comes back from
  /// swap, read-only where it was read, and is stored to in place.
  @Test(arguments: kernels)
  func aCopyIsSwappedLikeAnonymousMemory(kernel: String) throws {
    let seen = try AreaMachine(kernel).looks(
      .mapFile(shared: false, 15), .store(15), .advise(.pageout), .load(15), .store(15))
    // All but those that wait in the LRU-add batch, which the file's own pages filled in part.
    let swapped = seen[3][.pswpout]
    #expect(swapped > 10 && seen[3][.nr_anon_pages] == 15 - swapped)
    #expect(seen[4][.pswpin] == swapped && seen[4][.nr_anon_pages] == 15)
    #expect(seen[4][.nr_mapped] == 0)
    #expect(change(.pgfault, seen[4], seen[5]) == swapped)
    #expect(seen[5][.nr_anon_pages] == 15)
  }

  /// Stores to a shared mapping need dirty pages: refused by name before anything is done.
  @Test func aStoreToASharedMappingIsRefused() throws {
    let tried = try AreaMachine()
    let answers = tried.outcomes(.mapFile(shared: true, 4), .store(4))
    guard answers.count == 2, case .unsupported(let why) = answers[1] else {
      Issue.record("\(answers)")
      return
    }
    #expect(why.contains("shared file mapping ('A')") && why.contains("dirty pages"))
    #expect(tried.machine.vmstat(.pgmajfault) == 0)
  }

  /// "Unmapping": pages stay cached; nothing of the file is mapped.
  @Test func unmappingLeavesPagesInTheCache() throws {
    let seen = try AreaMachine().looks(.mapFile(shared: true, 32), .load(32), .unmap)
    #expect(seen[3][.nr_mapped] == 0 && seen[3].a(.file_mapped) == 0)
    #expect(change(.nr_file_pages, seen[2], seen[3]) == 0)
  }
}
