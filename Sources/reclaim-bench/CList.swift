// SPDX-License-Identifier: Apache-2.0
// The yardstick: an LRU list as the kernel keeps it, linked through the pages' rows, written in C.
//
// How fast such a list is depends on the host's memory more than on anything else, so what the
// engine's lists do is told as a multiple of what this one needs in the same run, with the same
// number of rows in the same order. CReference.h tells the workload.

import CReference

/// In which order the pages stand on the list, compared with where their rows lie.
enum ListOrder: CaseIterable {
  /// As the rows lie: a file read once from its beginning.
  case sequential
  /// At random: what years of use make of it.
  case aged

  var name: String {
    switch self {
    case .sequential: "sequential"
    case .aged: "aged"
    }
  }
}

/// A C list of so many pages, and the limits of the memory below it.
final class CList {
  /// The names of the rows that others are compared with.
  static func scanName(_ order: ListOrder) -> String { "C list, \(order.name)" }
  static func gatherName(_ order: ListOrder) -> String { "independent gather, \(order.name)" }
  static func touchName(_ order: ListOrder) -> String { "C touch, \(order.name)" }

  let size: Int
  /// The rows' numbers in the order in which they were put on the list.
  let order: UnsafeMutablePointer<UInt32>
  private let rows: UnsafeMutablePointer<CRow>
  private var random: UInt64 = 7
  /// Where in the order touching goes on.
  private var touched = 0

  private var orderBytes: Int { size * MemoryLayout<UInt32>.stride }
  private var rowBytes: Int { (size + 2) * MemoryLayout<CRow>.stride }

  init(size: Int, _ listOrder: ListOrder) {
    self.size = size
    func reserve<T>(_ count: Int, of type: T.Type) -> UnsafeMutablePointer<T> {
      guard let space = cref_reserve(count * MemoryLayout<T>.stride) else {
        fatalError("no address space for \(count) rows: choose smaller --sizes")
      }
      return space.bindMemory(to: type, capacity: count)
    }
    order = reserve(size, of: UInt32.self)
    rows = reserve(size + 2, of: CRow.self)
    cref_order(order, UInt64(size), listOrder == .aged ? 1 : 0)
    cref_fill(rows, order, UInt64(size))
  }

  deinit {
    cref_release(order, orderBytes)
    cref_release(rows, rowBytes)
  }

  /// Scans the next `count` pages (a multiple of 32) from the tail; answers how many it reclaimed.
  func scan(_ count: Int) -> Int { Int(cref_scan(rows, UInt64(count), &random)) }

  /// Touches the next `count` rows in the list's order: sets the mark, or moves a row that has it.
  func touch(_ count: Int) {
    var left = count
    while left > 0 {
      let n = min(left, size - touched)
      _ = cref_touch(rows, order + touched, UInt64(n))
      touched = (touched + n) % size
      left -= n
    }
  }

  /// Reads `count` rows in the list's order, each known beforehand: what memory allows at best.
  func gather(_ count: Int) -> UInt64 { cref_gather(rows, order, UInt64(count)) }
}
