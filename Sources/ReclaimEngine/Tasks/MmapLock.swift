// SPDX-License-Identifier: Apache-2.0
// The lock of an address space (mmap_lock), as far as somebody else may want it.
//
//   for reading   the task's own faults and advice, and the OOM reaper: none keeps another out
//   for writing   mmap, munmap, the division of areas by mlock, and the end of the process
//
// A task does one thing at a time, so only the reaper ever comes from outside, and only it can find
// the lock busy: it does not wait, but tries again later. Who wants to write while the reaper is at
// work waits for it. The reference tells of the reaper's attempts (12 §12.8) and not of who makes
// them fail; that those write who change areas is what such a lock is for.

import Timeline

final class MmapLock {
  fileprivate var isHeldForWriting = false
  fileprivate var isHeldByReaper = false
  fileprivate let released = WaitQueue()

  /// The reaper's attempt.
  /// - Returns: false while somebody writes.
  func tryLockByReaper() -> Bool {
    if isHeldForWriting { return false }
    isHeldByReaper = true
    return true
  }

  func unlockByReaper() {
    isHeldByReaper = false
    released.wakeAll()
  }

  func unlock() { isHeldForWriting = false }
}

extension Memory {
  /// Waits until the reaper is done with the task's memory. One that was killed outside of the
  /// kernel does not wait; the reaper finds its areas gone.
  func lockForWriting(_ task: SimTask) async {
    let lock = task.space.lock
    if lock.isHeldByReaper {
      setRunnable(false, task)
      while lock.isHeldByReaper {
        do { try await lock.released.wait(task.fiber) } catch { break }
      }
      setRunnable(true, task)
    }
    lock.isHeldForWriting = true
  }
}
