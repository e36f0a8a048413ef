// SPDX-License-Identifier: Apache-2.0
// What must hold of the books of the lists between any two events: totals are sums, and of a cgroup
// that is not marked a flush and a walk have seen everything (Memcg/ListBooks.swift).

extension Memory {
  /// Problems found in the books of the lists.
  func bookProblems() -> [String] {
    let books = tree.books
    var problems: [String] = []
    var totals = ListSizes(), unlooked = 0
    for group in tree.all {
      let number = group.number, own = tree.ownStatistics(number)
      totals += own.sizes
      let unseen = books.unseen[Int(number)]
      if unseen & ListBooks.byFlush == 0, tree.accumulators == nil,
        own != books.seen[Int(number)]
      {
        problems.append("'\(group.path)' has changed since the last flush, which nobody noted")
      }
      if group.isRoot { continue }
      if unseen & ListBooks.byWalk != 0 {
        unlooked += 1
      } else if hasGrown(from: books.reach[Int(number)], to: reach(of: number)) {
        problems.append("'\(group.path)' has grown since the last walk, which nobody noted")
      } else if books.reach[Int(number)] > books.head.pointee.reach {
        problems.append("'\(group.path)' reaches further than is known of all")
      }
    }
    if totals != books.head.pointee.totals {
      problems.append("lists hold \(totals), the books say \(books.head.pointee.totals)")
    }
    if unlooked != books.head.pointee.unlooked {
      problems.append(
        "\(unlooked) cgroups are to be looked at, the books say \(books.head.pointee.unlooked)")
    }
    return problems
  }

  /// Whether a visit has more to do than a walk knows: more to scan, or names.
  private func hasGrown(from known: UInt8, to now: UInt8) -> Bool {
    now > known || ListBooks.scans(now) > ListBooks.scans(known)
  }
}
