// SPDX-License-Identifier: Apache-2.0
// How objects are packed: the sizes of spans.

import ReclaimEngine
import Testing

@Suite struct CompressedPoolTests {
  /// Bytes of an object, pages of its span, objects in it.
  @Test(arguments: [
    (32, 1, 128), (48, 3, 256), (176, 4, 93), (192, 3, 64), (2048, 1, 2), (4096, 1, 1),
  ])
  func spansWasteTheSmallestShare(_ size: Int, _ pages: Int, _ objects: Int) {
    let span = CompressedPool.SizeClass(size: size)
    #expect(span.pages == pages && span.objects == objects)
  }
}
