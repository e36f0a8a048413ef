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
  /// Moves this task into the cgroup.
  case enter(path: String)
  /// Opens a file of the machine; answers nothing. Reading opens it as well.
  case open(file: String)
  /// One 4096-byte read per access, through the task's one descriptor of that file.
  case read(file: String, AccessPattern)
  /// posix_fadvise over [from, from + length); length nil: to the end.
  case adviseFile(file: String, FileAdvice, from: Int, length: Int?)
  /// Writes the amount to memory.reclaim of the cgroup; answers .pages with what was reclaimed, or
  /// EAGAIN.
  case reclaim(path: String, Pages)
  case sleep(Nanoseconds)
  /// Uses the CPU for that long.
  case compute(Nanoseconds)
  /// Counters are read out by an observer in the root cgroup while the task waits; costs what that
  /// costs.
  case mark(name: String)
}

package enum FileAdvice: String, Sendable, CaseIterable {
  case normal, random, sequential, willneed, dontneed, noreuse
}
