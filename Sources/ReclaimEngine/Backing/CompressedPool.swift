// SPDX-License-Identifier: Apache-2.0
// Where zram keeps what it has compressed: objects of like size packed into spans of one to four
// pages (reference 22 §22.6; the kernel's own documentation of zsmalloc).
//
// Sizes go in steps of 16 bytes from 32 on, each object eight bytes larger than its data. A class's
// span has as many pages as waste the smallest share. An object of which no two fit where packing
// would help takes a page of its own. To each belongs a handle of eight bytes in a slab. Only
// numbers: a span is taken when no place is free and given back when a span's worth of places is,
// as if live objects were packed; which object lies in which span is not modelled.
//
// How far a page compresses is an assumption, for the simulator keeps no contents: see DiskSpec.

import UAPI

package final class CompressedPool {
  package struct SizeClass {
    package let pages: Int
    package let objects: Int

    /// The span for objects of so many bytes.
    package init(size: Int) {
      var best = (pages: 1, share: 0)
      for pages in 1...4 {
        let bytes = pages * Pages.size
        let share = bytes / size * size * 100 / bytes
        if share > best.share { best = (pages, share) }
      }
      pages = best.pages
      objects = best.pages * Pages.size / size
    }

    /// Whether objects are packed at all, rather than one to a page.
    var isPacked: Bool { objects > pages }
  }

  private struct Spans {
    var places = 0
    var used = 0
    var frames: [UInt32] = []
  }

  private static let step = 16
  private static let least = 32
  private static let handle = 8

  private let allocator: PageAllocator
  private let rows: UnsafeMutablePointer<FrameRow>
  private let classes: [SizeClass]
  private var spans: [Spans]
  private var handles = Spans()
  private let handleClass = SizeClass(size: CompressedPool.handle)
  private let compressedPage: Int

  /// - Parameter compressedPage: bytes that a page takes when it is compressed.
  init(_ allocator: PageAllocator, _ frames: FrameTable, compressedPage: Int) {
    self.allocator = allocator
    rows = frames.rows
    self.compressedPage = compressedPage
    classes = (0...Pages.size / Self.step).map { SizeClass(size: max($0 * Self.step, Self.least)) }
    spans = [Spans](repeating: Spans(), count: classes.count)
  }

  /// Bytes that a page takes, its object's surroundings included.
  /// - Parameter isFilled: whether its contents cannot be compressed.
  func size(isFilled: Bool) -> UInt16 {
    if isFilled { return UInt16(Pages.size) }
    let rounded = (compressedPage + Self.handle + Self.step - 1) / Self.step * Self.step
    if rounded > Pages.size || !classes[rounded / Self.step].isPacked { return UInt16(Pages.size) }
    return UInt16(max(rounded, Self.least))
  }

  /// Keeps an object. False: the zones have no pages for it.
  func store(_ size: UInt16) -> Bool {
    let k = Int(size) / Self.step
    return take(&handles, handleClass) && take(&spans[k], classes[k])
  }

  /// Forgets an object of that size.
  func drop(_ size: UInt16) {
    let k = Int(size) / Self.step
    giveBack(&handles, handleClass)
    giveBack(&spans[k], classes[k])
  }

  /// Pages of the machine that it holds.
  var pages: Int { spans.reduce(handles.frames.count) { $0 + $1.frames.count } }

  private func take(_ spans: inout Spans, _ size: SizeClass) -> Bool {
    if spans.used == spans.places {
      for _ in 0..<size.pages {
        let frame = allocator.allocate(order: 0, .unmovable)
        if frame == 0 { return false }
        rows[Int(frame)] = FrameRow(position: 0, slot: 0, link: 0, flags: .kernel, memcg: 0)
        spans.frames.append(frame)
      }
      spans.places += size.objects
    }
    spans.used += 1
    return true
  }

  private func giveBack(_ spans: inout Spans, _ size: SizeClass) {
    spans.used -= 1
    guard spans.places - spans.used >= size.objects else { return }
    spans.places -= size.objects
    for _ in 0..<size.pages {
      let frame = spans.frames.removeLast()
      rows[Int(frame)].flags = []
      allocator.free(frame, order: 0)
    }
  }
}
