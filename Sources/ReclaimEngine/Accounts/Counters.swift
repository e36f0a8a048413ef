// SPDX-License-Identifier: Apache-2.0
// Counters: one buffer of integers per scope, indexed by the counters' names.
//
// Batches count in locals and settle here once. A level such as nr_free_pages is kept where it
// changes (zones, lists) and put into the buffer when somebody looks (Snapshot.swift).

import UAPI

/// One scope's counters, indexed by VmCounter.
struct VmCounters {
  let values: UnsafeMutablePointer<Int>

  /// Zeroed; given back by `release`.
  init() {
    values = .allocate(capacity: VmCounter.count)
    values.initialize(repeating: 0, count: VmCounter.count)
  }

  func release() { values.deallocate() }

  @inline(__always) func add(_ n: Int, to counter: VmCounter) { values[counter.rawValue] &+= n }

  subscript(_ counter: VmCounter) -> Int {
    @inline(__always) get { values[counter.rawValue] }
    nonmutating set { values[counter.rawValue] = newValue }
  }
}
