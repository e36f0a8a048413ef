// SPDX-License-Identifier: Apache-2.0
// Names that the kernel remembers: who pays for them, who forgets them, and when their memory is
// back (reference 10 §§10.2 to 10.6, 13 §13.7).

import ReclaimEngine
import TestSupport
import Testing
import Timeline
import UAPI

private let kernels = ["5.10", "6.1"]

/// A machine with a file "data" and a directory "d", and a cgroup "a".
private final class Named {
  let machine: Machine

  init(
    _ kernel: String = "6.1", files: Int = 2000, max: Int? = nil, pressure: Int? = nil,
    dropped: Bool = false
  ) throws {
    var spec = SmallMachine.spec(files: [("data", 256)])
    spec.kernel = kernel
    spec.directories = [DirectorySpec(name: "d", files: files)]
    spec.madeThenDropped = dropped
    if let pressure { spec.sysctls = [("vm.vfs_cache_pressure", pressure)] }
    machine = try SmallMachine.boot(spec)
    machine.makeCgroup("a", max: max)
  }

  deinit { machine.shutdown() }

  @discardableResult
  func asks(_ operations: Operation..., in cgroup: String = "a") -> [Outcome] {
    let outcomes = machine.perform(operations, in: cgroup)
    #expect(machine.invariantProblems() == [])
    return outcomes
  }

  func slab(_ name: String) -> SlabUse { machine.slabs.first { $0.name == name }! }
  var dentries: SlabUse { slab("dentry") }
  var inodes: SlabUse { slab("ext4_inode_cache") }
  var slabBytes: Int { machine.stat(.slab_reclaimable, of: "a") }

  /// Deferred count, items and what came of it, of each call of a file system's shrinker.
  var shrinks: [(deferred: Int, items: Int)] {
    machine.events.compactMap {
      guard case .shrinkSlabStart(let name, _, let deferred, _, let items, _, _, _) = $0,
        name == "super_cache_scan"
      else { return nil }
      return (deferred, items)
    }
  }
}

extension Operation {
  fileprivate static func stat(from: Int = 0, _ n: Int) -> Operation {
    .stat(directory: "d", missing: false, AccessPattern(.sequential, from: from, length: n))
  }
  fileprivate static func statMissing(_ n: Int) -> Operation {
    .stat(directory: "d", missing: true, AccessPattern(.sequential, length: n))
  }
}

@Suite struct NamesTests {
  @Test func aDirectoryThatIsNotThereIsNotFound() throws {
    let answers = try Named().asks(
      .stat(directory: "e", missing: false, AccessPattern()), .stat(2001))
    #expect(answers == [.failed(.ENOENT), .failed(.EINVAL)])
  }

  /// "Dentry + inode 1400 (6.1)", "dentry 200": the cgroup of whoever looks first pays.
  @Test(arguments: zip(kernels, [1392, 1400]))
  func whoLooksFirstPays(kernel: String, bytes: Int) throws {
    let named = try Named(kernel)
    // The directory itself is looked up on the way.
    named.asks(.stat(1))
    let before = named.slabBytes
    named.asks(.stat(from: 1, 499))
    let paid = named.slabBytes - before
    // 5.10 publishes what it has collected in steps of 33 pages.
    #expect(abs(paid - 499 * bytes) <= (kernel == "5.10" ? 33 * 4096 : 0))
    named.asks(.stat(500), in: "/")
    #expect(named.slabBytes - before == paid)
    #expect(named.dentries.objects == 501 && named.inodes.objects == 501)
    #expect(named.dentries.unused == 500 && named.inodes.unused == 0)
  }

  @Test func aNameThatDoesNotExistIsADentryAlone() throws {
    let named = try Named()
    named.asks(.statMissing(1))
    let before = named.slabBytes
    named.asks(.statMissing(400))
    #expect(named.slabBytes - before == 399 * 200)
    #expect(named.dentries.negative == 400 && named.inodes.objects == 1)
  }

  /// "Batches of 1024 …": a cgroup full of negative dentries gets rid of them, and nobody dies.
  @Test func aLimitForgetsNamesInBatches() throws {
    let named = try Named(max: 1024)
    #expect(named.asks(.statMissing(60_000)) == [.done])
    let scanned = named.machine.vmstat(.slabs_scanned)
    #expect(scanned > 0 && scanned % 1024 == 0)
    #expect(named.machine.usage(of: "a") <= 1024)
    #expect(named.machine.event(.oom, of: "a") == 0)
    #expect(named.machine.event(.max, of: "a") > 0)
    // Pages of slabs are all that could be reclaimed.
    let reclaimed = named.machine.events.map { event in
      if case .memcgReclaimEnd(let n) = event { n } else { 0 }
    }
    #expect(reclaimed.contains { $0 >= 32 })
  }

  /// "0 = never": what cannot be had elsewhere is not had.
  @Test func atPressureZeroNothingIsForgotten() throws {
    let named = try Named(max: 512, pressure: 0)
    _ = named.machine.perform([.statMissing(20_000)], in: "a")
    #expect(named.machine.vmstat(.slabs_scanned) == 0)
    #expect(named.machine.event(.oom_kill, of: "a") == 1)
    #expect(named.shrinks.isEmpty)
  }

  /// "200 = doubled pressure".
  @Test func pressureScalesWhatIsOffered() throws {
    let named = try Named(pressure: 200)
    named.asks(.stat(700), .dropCaches(2))
    #expect(named.shrinks.contains { $0.items == 1400 })
    #expect(!named.shrinks.contains { $0.items == 700 })
  }

  // MARK: which go

  /// Of 2100 dentries and as many inodes four batches are scanned at once; nearly all are freed,
  /// but not those that were used again.
  @Test(arguments: [0, 40]) func aNameThatWasUsedAgainGoesRoundOnceMore(again: Int) throws {
    let named = try Named(files: 2100)
    named.asks(.stat(2100))
    if again > 0 { named.asks(.stat(again)) }
    named.asks(.dropCaches(2))
    let freed = named.machine.events.compactMap { event in
      if case .shrinkSlabEnd(_, _, _, _, _, let returned) = event { returned } else { nil }
    }
    #expect((4065...4104).contains(freed.max()! + again))
  }

  @Test func anOpenFileKeepsItsName() throws {
    let named = try Named()
    let machine = named.machine
    let answers = machine.perform(
      [.open(file: "data"), .dropCaches(2), .sleep(.milliseconds(20))], in: "a"
    ) { _ in #expect(machine.invariantProblems() == []) }
    #expect(answers == [.done, .done, .done])
    #expect(named.dentries.objects == 1)
    // It has exited: nothing keeps the name.
    named.asks(.dropCaches(2), .sleep(.milliseconds(20)), in: "/")
    #expect(named.dentries.objects == 0 && named.inodes.objects == 0)
    #expect(named.slabBytes == 0)
  }

  /// "Invalidates its clean pages" up to 5.10; "keeps inodes with pages off the list" on 6.1.
  @Test(arguments: kernels) func theInodeOfACachedFile(kernel: String) throws {
    let named = try Named(kernel)
    named.asks(.readPages("data", 100))
    let pages = named.machine.vmstat(.nr_file_pages)
    named.asks(.dropCaches(2), .sleep(.milliseconds(20)), in: "/")
    let isKept = kernel == "6.1"
    #expect(named.machine.vmstat(.nr_file_pages) == (isKept ? pages : 0))
    #expect(named.machine.vmstat(.pginodesteal) == (isKept ? 0 : pages))
    #expect(named.dentries.objects == 0 && named.inodes.objects == 1)
    // Without pages nothing keeps it.
    named.asks(.dropCaches(1), .dropCaches(2), .sleep(.milliseconds(20)), in: "/")
    #expect(named.inodes.objects == 0)
  }

  // MARK: memory

  /// Objects are given back a grace period after they were forgotten.
  @Test func memoryComesBackLater() throws {
    let named = try Named()
    named.asks(.stat(2000))
    let pages = named.machine.vmstat(.nr_slab_reclaimable)
    let charged = named.slabBytes
    let machine = named.machine
    var seen: [(bytes: Int, pages: Int)] = []
    machine.perform([.dropCaches(2), .sleep(.milliseconds(20))]) { _ in
      seen.append((machine.stat(.slab_reclaimable, of: "a"), machine.vmstat(.nr_slab_reclaimable)))
    }
    #expect(seen[0].bytes == charged && seen[0].pages == pages)
    #expect(seen[1].bytes < charged / 100 && seen[1].pages < pages - 500)
  }

  /// "Reparented to the parent when the memcg dies".
  @Test func aRemovedCgroupsNamesAreItsParents() throws {
    let named = try Named()
    named.machine.makeCgroup("a/b")
    named.asks(.stat(600), in: "a/b")
    let charged = named.slabBytes
    named.asks(.removeCgroup(path: "a/b"), in: "/")
    #expect(named.slabBytes >= charged - 8000)
    #expect(named.dentries.unused == 600)
    named.asks(.dropCaches(2), .sleep(.milliseconds(20)), in: "/")
    #expect(named.dentries.unused == 0)
    #expect(named.slabBytes < charged / 100)
  }

  // MARK: boot

  /// 10 000 files, the directory and the file besides: 20 004 objects due at the highest pressure,
  /// of which less than a batch is left, on both kernels.
  @Test(arguments: kernels) func whatBootDroppedLeavesARest(kernel: String) throws {
    let named = try Named(kernel, files: 10_000, dropped: true)
    named.asks(.stat(10), in: "/")
    #expect(named.dentries.unused == 10)
    named.asks(.dropCaches(2), in: "/")
    #expect(named.shrinks.first { $0.items == 10 }?.deferred == 548)
  }

  /// Nothing is dropped at pressure 0: the names are remembered when the workload begins.
  @Test func whatBootMayNotDropStays() throws {
    let named = try Named(pressure: 0, dropped: true)
    let pages = named.machine.vmstat(.nr_slab_reclaimable)
    named.asks(.stat(2000))
    #expect(named.machine.vmstat(.nr_slab_reclaimable) == pages)
    #expect(named.slabBytes == 0)
  }
}
