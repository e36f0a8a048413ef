// SPDX-License-Identifier: Apache-2.0

import ReclaimEngine
import Testing
import UAPI

@Suite struct CountersTests {
  /// A counter's place is read off the case itself, without a call; it must be what its raw value
  /// says.
  @Test func aCountersPlaceIsItsRawValue() {
    #expect(VmCounter.allCases.map(\.place) == VmCounter.allCases.map(\.rawValue))
    #expect(MemcgCounter.allCases.map(\.place) == MemcgCounter.allCases.map(\.rawValue))
    #expect(ZoneSpec.Kind.allCases.map(\.index) == ZoneSpec.Kind.allCases.map(\.rawValue))
  }
}
