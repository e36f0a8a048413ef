// SPDX-License-Identifier: Apache-2.0
// Everything a task may ask of a kernel. The simulated machine and a live one carry out the same
// words.
//
// An operation is a bulk one: it reads a range, never a page, so that crossing from a script to the
// kernel and back costs nothing per page.

package import Timeline

package enum Operation: Sendable {
  /// mkdir -p below the cgroup root, then the settings in their order.
  case makeCgroup(path: String, settings: [CgroupSetting])
  /// Writes files of an existing cgroup; may reclaim.
  case setCgroup(path: String, settings: [CgroupSetting])
  /// rmdir; EBUSY while the cgroup has children or tasks.
  case removeCgroup(path: String)
  /// Moves this task into the cgroup.
  case enter(path: String)
  /// Makes a file of so many pages and writes them past the page cache.
  case makeFile(name: String, pages: Int)
  /// Takes a file's name away; the file goes when nobody has it open any more.
  case unlink(file: String)
  /// Writes what is dirty of all files, or of one, which is opened as for reading.
  case sync
  case fsync(file: String)
  /// Opens a file of the machine; answers nothing. Reading opens it as well.
  case open(file: String)
  /// One 4096-byte read per access, through the task's one descriptor of that file.
  case read(file: String, AccessPattern)
  /// One stat of a file of a directory per access; `missing`: of names that do not exist, of which
  /// there are as many as the pattern names.
  case stat(directory: String, missing: Bool, AccessPattern)
  /// From now on the task takes turns with those named, in that order: so many accesses a turn.
  case takeTurns(every: Int, order: [String])
  /// posix_fadvise over [from, from + length); length nil: to the end.
  case adviseFile(file: String, FileAdvice, from: Int, length: Int?)
  /// Writes the amount to memory.reclaim of the cgroup, with a swappiness of its own where the
  /// kernel knows that; answers .pages with what was reclaimed, or EAGAIN.
  case reclaim(path: String, Pages, swappiness: Int? = nil)
  /// Sleeps until a trigger on the cgroup's memory.pressure has an event. The task keeps the
  /// trigger: at most one event a window.
  case awaitPressure(path: String, PressureTrigger)
  /// Sleeps until memory.events of the cgroup has changed since the task last returned from here.
  case awaitEvents(path: String)
  /// mmap; the area is known by its name from then on.
  case map(area: String, MapKind, pages: Int?)
  case unmap(area: String)
  /// One load or store at the start of a page per access; `fill` stores the whole page.
  case touch(area: String, write: Bool, fill: Bool, AccessPattern)
  /// madvise over [from, from + length); length nil: to the end.
  case adviseArea(area: String, MemoryAdvice, from: Int, length: Int?)
  case lock(area: String, from: Int, length: Int?)
  case unlock(area: String, from: Int, length: Int?)
  /// Writes to /proc/sys/vm/drop_caches: 1 page cache, 2 slab, 3 both.
  case dropCaches(Int)
  /// Writes to /proc/sys, by full name ("vm.swappiness"); EINVAL where the kernel does not take the
  /// value.
  case writeSysctl(name: String, value: Int)
  /// The task's own oom_score_adj, −1000 to 1000.
  case setOomScoreAdjust(Int)
  /// alloc_pages, as the kernel's own code calls it: 2^order page frames in a row, answered as
  /// .frame. They belong to no task and to no cgroup.
  case allocatePages(order: Int, GfpFlags)
  /// __free_pages of what was allocated so; EINVAL where nothing was.
  case freePages(frame: Int, order: Int)
  case sleep(Nanoseconds)
  /// Uses the CPU for that long.
  case compute(Nanoseconds)
  /// Counters are read out by an observer in the root cgroup while the task waits; costs what that
  /// costs.
  case mark(name: String)
}

package enum MapKind: Sendable, Hashable {
  case anonymous(shared: Bool)
  /// Pages of a file from page `from` on.
  case file(String, shared: Bool, from: Int)
}

package enum MemoryAdvice: String, Sendable, CaseIterable {
  case normal, random, sequential, willneed, dontneed, free, cold, pageout, hugepage, nohugepage
}

package enum FileAdvice: String, Sendable, CaseIterable {
  case normal, random, sequential, willneed, dontneed, noreuse
}
