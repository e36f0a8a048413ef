// SPDX-License-Identifier: Apache-2.0
// What cuts a long operation short: too many events, or somebody outside who wants an end.
//
// A read or touch of a thousand million accesses would else go on for minutes, since whoever drives
// the tasks is asked between operations only. It is looked at once for each 64 accesses.

struct OperationLimit {
  var events = UInt64.max
  /// No longer 0: somebody wants an end. nil: nobody can say so.
  var interruption: UnsafePointer<Int32>?
}

extension Memory {
  /// Whether the operation that goes on is to end where it stands.
  @inline(__always) var cutsShort: Bool {
    _slowPath(tracer.events >= operationLimit.events)
      || _slowPath(operationLimit.interruption.map { $0.pointee != 0 } ?? false)
  }
}

extension Machine {
  package func limitOperations(events: UInt64, interruption: UnsafePointer<Int32>) {
    memory.operationLimit = OperationLimit(events: events, interruption: interruption)
  }
}
