// SPDX-License-Identifier: Apache-2.0
// Folios that wait together until they are enough to be worth the lock of their lists.

struct FolioBatch {
  let frames: UnsafeMutablePointer<UInt32>
  var count = 0

  init(capacity: Int) { frames = .allocate(capacity: capacity) }

  /// Gives the room back; it must not be used afterwards.
  func release() { frames.deallocate() }
}
