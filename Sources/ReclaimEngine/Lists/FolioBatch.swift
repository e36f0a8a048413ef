// SPDX-License-Identifier: Apache-2.0
// Folios that wait together until they are enough to be worth the lock of their lists.

struct FolioBatch {
  let frames: UnsafeMutablePointer<UInt32>
  var count = 0

  init(capacity: Int) { frames = .allocate(capacity: capacity) }

  /// Empties it; what it held can be read until another one is put there.
  mutating func takeAll() -> UnsafeBufferPointer<UInt32> {
    defer { count = 0 }
    return UnsafeBufferPointer(start: frames, count: count)
  }

  /// Gives the room back; it must not be used afterwards.
  func release() { frames.deallocate() }
}
