// SPDX-License-Identifier: Apache-2.0
// The choices among named mechanisms of which a kernel generation consists.
//
// Each case names the release that brought it and the section of the reference that tells it. A
// choice is looked at once per batch or operation, never per folio; adding a case makes the
// compiler name every place that must answer it.

/// When a shadow's clock is read (reference 09 §9.2).
package enum ShadowClock: String, Sendable {
  /// After this eviction's increment; up to 5.10.
  case afterEviction
  /// Before it; 6.1.
  case beforeEviction
}

/// Which reads mark a page accessed (reference 25 §25.5).
package enum ReadMarking: String, Sendable {
  /// All but the same whole page read twice in a row; 5.4, 5.10: the position compared is (page,
  /// offset).
  case unlessSamePosition
  /// All but a read that starts in the page where the previous one ended; 6.1.
  case unlessContinued
}

/// How a window grows when its start or marker is hit (reference 25 §25.2, step 2).
package enum ReadaheadGrowth: String, Sendable {
  /// next(size); 5.10.
  case next
  /// max(size, next(size)); 6.1.
  case neverSmaller
}

/// What memcg statistics reclaim sees (reference 16 §16.9).
package enum MemcgStatistics: String, Sendable {
  /// Published by a flush of the whole tree once enough updates are pending; 6.1.
  case flushedWhenPending
  /// Published by each statistic of each cgroup itself, whenever what it has collected exceeds a
  /// batch; 5.10.
  case accumulated
}

/// How deferred shrinker work comes back (reference 10 §10.2).
package enum DeferredShrink: String, Sendable {
  /// Whole, from one count that all cgroups share; up to 5.10.
  case whole
  /// Shifted by the priority, from a count of the cgroup's own; 6.1.
  case shifted
}

/// How long drop_caches goes on shrinking slab (reference 10 §10.6).
package enum SlabDrop: String, Sendable {
  /// As long as a pass frees more than ten objects; 5.4, 5.10.
  case whileMoreThanTen
  /// As long as the k-th pass (from 0) frees at least 2^(k + 1); 6.1.
  case whileEverMore
}

/// What reclaim does with the inode of a file that is cached (reference 10 §10.4).
package enum InodePruning: String, Sendable {
  /// Its clean pages go, and it stays until they are gone; 5.4, and held to be so on 5.10.
  case invalidatesPages
  /// It is on no list while anything of the file is cached; 6.1.
  case keptWhileCached
}

/// What of a victim's memory the OOM reaper unmaps, besides what is shared (reference 12 §12.8).
package enum ReapedAreas: String, Sendable {
  /// What is not locked; 5.4, 5.10.
  case unlocked
  /// Locked pages as well; 6.1.
  case lockedToo
}

/// What an object charge does with a stock that grows beyond a page (reference 13 §13.7).
package enum ObjectStock: String, Sendable {
  /// Emptied as at a switch whenever it exceeds a page; 5.10.
  case emptiedBeyondPage
  /// May exceed a page until an object is freed; 6.1.
  case mayExceedPage
}

/// Which pages pass through a CPU's own lists, and when these give pages back (reference 23 §23.7).
package enum PerCPULists: String, Sendable {
  /// Single pages. Six batches are kept; beyond, one batch goes, taken from the lists in turn, ever
  /// more from each; 5.4, 5.10.
  case orderZero
  /// Blocks of up to eight pages. The CPU's share of the low mark is kept; beyond, more goes the
  /// longer only frees come, from the list of the page just freed first; 6.1.
  case toOrderThree
}

/// The file memory.reclaim (reference 28 §28.1).
package enum MemoryReclaimFile: String, Sendable {
  /// There is none; up to 5.10.
  case absent
  /// Asks for all that is left until it is reclaimed; 6.1.
  case untilReclaimed
}

/// The file memory.peak (Linux 5.19; the reference is silent about it).
package enum MemoryPeakFile: String, Sendable {
  /// There is none; up to 5.10.
  case absent
  /// The most that was charged since the cgroup was made; 6.1.
  case sinceCreation
}

/// When a task answers for what it charged above memory.high (reference 13 §13.3).
package enum MemoryHigh: String, Sendable {
  /// On its way back to user mode; up to 5.10.
  case onReturn
  /// Also within the charge that makes it more than a batch; 6.1.
  case onReturnOrBeyondBatch
}

/// When pressure is full: when everybody waits for memory (reference 14 §14.3).
package enum PressureFull: String, Sendable {
  /// While no task of the group runs, and at ticks that find a reclaiming one; up to 5.10.
  case nobodyRuns
  /// While no task of the group runs but those that reclaim; 6.1.
  case nobodyElseRuns
}

/// How long a write to memory.max or memory.high goes on reclaiming (reference 13 §§13.3, 13.4).
package enum LimitWrite: String, Sendable {
  /// Until usage is below what was written; up to 5.10.
  case toTheEnd
  /// Only while nobody has written another value; 6.1.
  case whileCurrent
}

/// What moving a task into a cgroup waits for (recordings; the reference is silent about it).
package enum CgroupMove: String, Sendable {
  /// Nothing; 5.10.
  case atOnce
  /// A grace period, unless one move has followed another; 6.1.
  case afterGracePeriod
}

/// Where the mapping of a file of at least a page table's size goes (recordings of mapped files;
/// the reference is silent about it).
package enum FilePlacement: String, Sendable {
  /// Like any other, directly below the one before; 5.10.
  case belowThePrevious
  /// At the boundary of a page table; 6.1.
  case atTableBoundary
}

/// What reading a page through the swap cache says about it (reference 22 §22.4).
package enum SwapCacheRead: String, Sendable {
  /// It belonged to the working set: when it is evicted, its shadow says so; 5.4, 5.10.
  case marksWorkingset
  /// Nothing; 6.1.
  case marksNothing
}

/// Whether the read of a page from swap is a stall, apart from waiting for it (reference 14 §14.2).
package enum SwapReadStall: String, Sendable {
  /// Always; 5.10.
  case always
  /// Of pages of the working set; 6.1.
  case ofWorkingset
}

/// How reclaim waits in its middle (reference 04 §§4.5, 4.6; 06 §6.2).
package enum ReclaimWait: String, Sendable {
  /// 100 ms for devices to leave congestion, and never because nothing was freed; up to 5.15.
  case congestion
  /// In a queue for each reason, until somebody has changed it: reclaim_throttle; 6.1.
  case throttle
}

/// What a zone counts as reclaimable where its lists hold nothing (reference 02 §2.6).
package enum ZoneReclaimable: String, Sendable {
  /// Nothing; up to 5.10.
  case lists
  /// Its free pages, so that a zone in use is not taken for one without memory; 6.1.
  case freeWhereNone
}

/// Which counters /proc/vmstat has, and in which order (recordings).
package enum VmstatForm: String, Sendable {
  /// Page tables are counted by zone, the swap cache is not; 5.10.
  case tablesOfZone
  /// Page tables are counted by node, the swap cache too; 6.1.
  case tablesOfNode
}
