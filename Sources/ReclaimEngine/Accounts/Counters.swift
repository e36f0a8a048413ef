// SPDX-License-Identifier: Apache-2.0
// Counters: one buffer of integers per scope, indexed by the counters' names.
//
// Batches count in locals and settle here once. A level such as nr_free_pages is kept where it
// changes (zones, lists) and put into the buffer when somebody looks (Snapshot.swift).

package import UAPI

extension VmCounter {
  /// Its place in a scope's buffer: the raw value. Cases are numbered from 0 on, so that it is the
  /// case itself; asking the module that declares it for the raw value would be two calls, and a
  /// fault counts a dozen things.
  @inline(__always) package var place: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}

extension MemcgCounter {
  /// Its place in a cgroup's buffer: the raw value.
  @inline(__always) package var place: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}

extension ZoneSpec.Kind {
  /// The zone index: the raw value.
  @inline(__always) package var index: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}

/// One scope's counters, indexed by VmCounter.
struct VmCounters {
  let values: UnsafeMutablePointer<Int>

  /// Zeroed; given back by `release`.
  init() {
    values = .allocate(capacity: VmCounter.count)
    values.initialize(repeating: 0, count: VmCounter.count)
  }

  func release() { values.deallocate() }

  @inline(__always) func add(_ n: Int, to counter: VmCounter) { values[counter.place] &+= n }

  subscript(_ counter: VmCounter) -> Int {
    @inline(__always) get { values[counter.place] }
    nonmutating set { values[counter.place] = newValue }
  }
}
