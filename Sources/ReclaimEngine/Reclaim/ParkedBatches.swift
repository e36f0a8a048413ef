// SPDX-License-Identifier: Apache-2.0
// Where a batch of reclaim is kept while its task waits for a device and others use the buffers.
//
// Buffers are made when more tasks than ever before wait at once, and used again.

final class ParkedBatches {
  private let capacity: Int
  private var all: [UnsafeMutablePointer<UInt32>] = []
  private var idle: [UnsafeMutablePointer<UInt32>] = []

  /// Folios that have left their mappings and are freed, and uncharged, when their batch goes on.
  private(set) var waitingToBeFreed = 0

  /// - Parameter capacity: folios of a batch at most.
  init(capacity: Int) { self.capacity = capacity }

  deinit { for buffer in all { buffer.deallocate() } }

  /// Copies survivors and what is to be freed; answers where they are.
  func park(
    _ kept: UnsafeMutablePointer<UInt32>, _ keptCount: Int, _ freed: UnsafeMutablePointer<UInt32>,
    _ freedCount: Int
  ) -> UnsafeMutablePointer<UInt32> {
    let buffer = idle.popLast() ?? make()
    waitingToBeFreed += freedCount
    buffer.update(from: kept, count: keptCount)
    (buffer + capacity).update(from: freed, count: freedCount)
    return buffer
  }

  /// Copies them back; the buffer is free for the next.
  func unpark(
    _ buffer: UnsafeMutablePointer<UInt32>, _ kept: UnsafeMutablePointer<UInt32>, _ keptCount: Int,
    _ freed: UnsafeMutablePointer<UInt32>, _ freedCount: Int
  ) {
    kept.update(from: buffer, count: keptCount)
    freed.update(from: buffer + capacity, count: freedCount)
    idle.append(buffer)
    waitingToBeFreed -= freedCount
  }

  private func make() -> UnsafeMutablePointer<UInt32> {
    let buffer = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * capacity)
    buffer.initialize(repeating: 0, count: 2 * capacity)
    all.append(buffer)
    return buffer
  }
}
