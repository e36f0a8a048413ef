// SPDX-License-Identifier: Apache-2.0
// A kernel generation as a value: numbers, costs, and choices among named mechanisms.
//
// Each kernel is written out in full in a file of its own, without defaults: who reads
// Linux6_1.swift sees all of 6.1, and a new field makes the compiler ask every kernel.

import UAPI

package struct KernelProfile: Sendable {
  /// The generation, such as "6.1".
  package var name: String
  var numbers: Numbers
  var boot: BootMemory
  var objects: ObjectSizes
  var costs: Costs
  var shadowClock: ShadowClock
  var readMarking: ReadMarking
  var readaheadGrowth: ReadaheadGrowth
  var memcgStatistics: MemcgStatistics
  var deferredShrink: DeferredShrink
  var slabDrop: SlabDrop
  var inodePruning: InodePruning
  var objectStock: ObjectStock
  var oomReport: OomReportForm
  var reapedAreas: ReapedAreas
  var perCPULists: PerCPULists
  var memoryReclaim: MemoryReclaimFile
  var memoryPeak: MemoryPeakFile
  var memoryHigh: MemoryHigh
  var pressureFull: PressureFull
  var limitWrite: LimitWrite
  var cgroupMove: CgroupMove
  var filePlacement: FilePlacement
  var swapCacheRead: SwapCacheRead
  var swapReadStall: SwapReadStall
  var folios: FolioAllocation
  var bootCaches: BootCaches
  var scheduling: Scheduling
  var vmstatForm: VmstatForm
  var reclaimWait: ReclaimWait
  var zoneReclaimable: ZoneReclaimable

  /// Every kernel that is built, oldest first.
  package static let all: [KernelProfile] = [.linux5_10, .linux6_1]

  package static func named(_ name: String) -> KernelProfile? { all.first { $0.name == name } }
}

struct Numbers: Sendable {
  /// Folios isolated at a time, and the least a reclaim asks for (SWAP_CLUSTER_MAX).
  var swapClusterMax: Int
  /// Where a reclaim starts (DEF_PRIORITY).
  var defaultPriority: Int
  /// Pages charged at once, the rest kept as stock (MEMCG_CHARGE_BATCH).
  var chargeBatch: Int
  /// Fruitless rounds before a charge or a memory.max write gives up (MAX_RECLAIM_RETRIES).
  var maxReclaimRetries: Int
  /// Folios in a per-CPU LRU batch when it is flushed.
  var folioBatch: Int
  /// Objects a shrinker is asked for at a time.
  var shrinkBatch: Int
  /// How often a per-CPU list doubles what it drains while only frees come; 0: never.
  var perCPUDrainGrowth: Int
  /// What a CPU collects of memcg statistics before it passes them on.
  var statBatch: Int
  /// Time between two periodic flushes of memcg statistics, nanoseconds.
  var statFlushPeriod: UInt64
  /// Pages from which 10 · GiB is counted: shift of inactive_is_low (reference 05 §5.6).
  var gigabyteShift: Int
  /// Costs are halved beyond this share of the LRU: lrusize >> shift (reference 05 §5.5.3).
  var costDecayShift: Int
  /// Page of its table below which the recorded program's areas are placed, but for what it has
  /// mapped itself before. Modulo 16 it decides what a fault maps around; beyond that, when a page
  /// table is needed (recordings of mapped files and of several areas).
  var highestAreaPage: Int
  /// Pages of a task's end that are freed before the CPU may be taken away.
  var freedTogether: Int
  /// Slots in a swap cluster.
  var swapCluster: Int
  /// Requests that a plug collects; one more sends them off (recordings).
  var plugRequests: Int
  /// How often a device's write throttle has been widened before the machine is handed over: read
  /// off recordings, which do not show what widened it.
  var writeThrottleSteps: Int
  /// Scheduler ticks a second, and nanoseconds between two.
  var hz: Int
  var tick: UInt64 { 1_000_000_000 / UInt64(hz) }
  /// Time from a kill to the reaper, nanoseconds (reference 12 §12.8).
  var reaperDelay: UInt64
  /// PFN's worth of the low watermark distance: watermark_scale_factor's default, in 1/10000.
  var watermarkScaleFactor: Int
}

/// Bytes charged per kernel object: its size and 8 bytes for the owner (reference 13 §13.7,
/// fidelity/starting-state.md).
struct ObjectSizes: Sendable {
  var treeNode: Int
  var structFile: Int
  var dentry: Int
  var inode: Int
  /// The inode of a nameless file: shared anonymous memory.
  var shmemInode: Int
  /// An inode of a file system without one of its own kind, as cgroup2's.
  var plainInode: Int
  /// What security modules keep for an inode, charged to nobody; 0: nothing.
  var inodeSecurity: Int
  /// What a control file is read and written through, while it is open.
  var sequence: Int
  var area: Int
  /// What leads from a page back to its area: made at the area's first anonymous page.
  var reverseMap: [Int]
  /// A datagram on its way to the observer who takes a mark.
  var datagram: [Int]
  /// What a child cgroup charges to its parent.
  var childCgroup: [Int]
}

/// What things cost, nanoseconds on one CPU of the recorded machines (fidelity/cost-model.md);
/// docs/costs.md.
struct Costs: Sendable {
  var readFirstReference: UInt64
  var readSecondReference: UInt64
  var readActive: UInt64
  /// A readahead window, and each page of it.
  var readaheadWindow: UInt64
  var readaheadPage: UInt64
  /// A read that misses one page and reads just that one.
  var singleMiss: UInt64
  /// An access that hits.
  var touch: UInt64
  /// What the program itself needs to draw the place of an access.
  var randomDraw: UInt64
  var zipfDraw: UInt64
  var anonymousFault: UInt64
  /// A read fault that maps the page of zeros.
  var zeroPageFault: UInt64
  var swapInRead: UInt64
  var swapInWrite: UInt64
  /// The part of a swap-in that may be a stall: the copy by a synchronous device, and handing the
  /// read to a timed one.
  var swapReadCopy: UInt64
  var swapReadHandOver: UInt64
  /// A page of a window read from a timed device, and mapping one that has arrived.
  var swapReadSubmitted: UInt64
  var swapCacheHit: UInt64
  /// The first write to a page that was mapped for reading.
  var reuseFault: UInt64
  /// A mapped read of a cached page, and each page that it maps around itself.
  var fileFault: UInt64
  var faultAroundPage: UInt64
  /// A mark, and each cgroup that it reads.
  var mark: UInt64
  var markCgroup: UInt64
  var reclaimBatch: UInt64
  var cleanPageReclaimed: UInt64
  /// The same in reclaim of the whole machine, whose freed pages go to zones that are short.
  var cleanPageReclaimedGlobally: UInt64
  /// An anonymous page whose copy in swap is still good.
  var cleanSwapReclaimed: UInt64
  /// More for such a page that was mapped until now.
  var pageUnmappedByReclaim: UInt64
  var pageKept: UInt64
  /// An anonymous page written to a synchronous device and freed.
  var pageSwappedOut: UInt64
  /// An anonymous page handed to a timed device.
  var pageSubmitted: UInt64
  /// A request put into a device's queue; the interrupt that works it off, and each page of it.
  var requestSent: UInt64
  var requestFinished: UInt64
  var pageFinished: UInt64
  var priorityRound: UInt64
  /// The same inside a cgroup without shrinkers worth asking, from one batch of a list to its next,
  /// and from the last batch to the end.
  var memcgRound: UInt64
  var nextBatch: UInt64
  var memcgReclaimEnd: UInt64
  var reclaimBegin: UInt64
  var reclaimEnd: UInt64
  var open: UInt64
  var makeCgroup: UInt64
  var enterCgroup: UInt64
  var advise: UInt64
  /// A page dropped from the cache by its range, and a shadow.
  var pageInvalidated: UInt64
  var shadowForgotten: UInt64
  /// munmap and exit: each present page, more for a locked one, each slot of swap that is given
  /// up, and each page when it is freed.
  var pageUnmapped: UInt64
  var pageUnlocked: UInt64
  var slotReleased: UInt64
  var pageFreed: UInt64
  /// The end of a process whose program holds memory, besides that of its areas.
  var exit: UInt64
  /// A stat of a name that is remembered, of one whose inode is, and of one that is not; and a
  /// block of the file system's own that is read for it.
  var statCached: UInt64
  var statForgotten: UInt64
  var statNew: UInt64
  var blockRead: UInt64
  /// A dentry that reclaim frees, its inode put on its list; and an inode.
  var dentryPruned: UInt64
  var inodePruned: UInt64
  /// Passing a turn where tasks take turns by accesses.
  var turn: UInt64
  /// A page of a higher zone set aside by a walk for a lower one.
  var pageSkipped: UInt64
  /// Waking kswapd, which the waker pays, and kswapd from there to its first batch.
  var kswapdWake: UInt64
  var kswapdBegin: UInt64
  /// The OOM reaper from its wake-up to the first page.
  var reaperBegin: UInt64
  /// The worker that evaluates a window of vmpressure, with its two switches.
  var pressureWork: UInt64
  var map: UInt64
}

extension Costs {
  /// What the program needs to find the place of its next access.
  func draw(_ shape: AccessPattern.Shape) -> UInt64 {
    switch shape {
    case .sequential, .reverse, .next: 0
    case .random, .hot: randomDraw
    case .zipf: zipfDraw
    }
  }
}
