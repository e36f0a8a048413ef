// SPDX-License-Identifier: Apache-2.0
// When memcg statistics are published: 6.1's pending updates (reference 16 §16.9).
//
// Every update adds its amount to a number of the CPU; beyond 64 the number starts anew and what
// passed is noted as pending, unless enough is pending already. A reader flushes the tree when more
// is pending than there are CPUs. So reclaim decides on a picture that is up to about 130 updates
// old.

package final class StatisticFlush {
  struct Pending {
    /// Updates of this CPU since it last reported.
    var updates = 0
    /// Batches reported since the last flush.
    var batches = 0
  }

  private let pending: UnsafeMutablePointer<Pending>
  private let batch: Int
  private let cpus = 1

  package init(_ profile: KernelProfile) {
    pending = .allocate(capacity: 1)
    pending.initialize(to: Pending())
    batch = profile.numbers.statBatch
  }

  deinit { pending.deallocate() }

  /// One statistics update of that amount, whatever its sign.
  @inline(__always) package func note(_ amount: Int) {
    let sum = pending.pointee.updates &+ amount
    if _slowPath(sum > batch) { report(sum) } else { pending.pointee.updates = sum }
  }

  @inline(never) private func report(_ sum: Int) {
    if pending.pointee.batches <= cpus { pending.pointee.batches &+= sum / batch }
    pending.pointee.updates = 0
  }

  /// `n` updates of amount 1 each.
  @inline(__always) package func noteOnes(_ n: Int) {
    var left = n
    while _slowPath(pending.pointee.updates &+ left > batch) {
      left &-= batch &+ 1 &- pending.pointee.updates
      report(batch &+ 1)
    }
    pending.pointee.updates &+= left
  }

  /// Whether a reader that does not insist flushes now.
  package var isDue: Bool { pending.pointee.batches > cpus }

  /// The flush was made by a reader or the periodic work; a flush for cpu.stat does not count.
  package func wasFlushed() { pending.pointee.batches = 0 }
}
