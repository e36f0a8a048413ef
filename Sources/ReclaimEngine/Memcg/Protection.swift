// SPDX-License-Identifier: Apache-2.0
// memory.min and memory.low: how much of a cgroup reclaim must leave alone (reference 04 §4.4).
//
// What a cgroup asks for is one thing, what it gets another. A parent that is protected itself
// shares its protection among its children: as much as each asks for and uses while that fits, else
// in proportion. With memory_recursiveprot what is left over goes to the children as well, in
// proportion to what they use beyond their own protection. The walk computes this on its way down,
// so a parent's share is known when its children are reached. Where a walk begins nothing is
// protected from it: the limit that is being enforced is outside.

import UAPI

package enum Protection {
  /// The share of one child in its parent's effective protection (reference 04 §4.4.2).
  /// - Parameters:
  ///   - usage: what the child uses, `setting`: what it asks for.
  ///   - parentUsage: what the parent uses, and `parentEffective`: what it may keep.
  ///   - siblings: the sum of what the parent's children ask for and use.
  ///   - recursive: memory_recursiveprot.
  package static func share(
    usage: Int, setting: Int, parentUsage: Int, parentEffective: Int, siblings: Int,
    recursive: Bool
  ) -> Int {
    let own = min(usage, setting)
    if siblings > parentEffective { return part(own, parentEffective, of: siblings) }
    guard recursive, parentEffective > siblings, parentUsage > siblings, usage > own else {
      return own
    }
    return min(
      own + part(parentEffective - siblings, usage - own, of: parentUsage - siblings),
      MemcgRow.unlimited)
  }

  /// a · b / c, also where the product is beyond a word: protection may be without limit.
  private static func part(_ a: Int, _ b: Int, of c: Int) -> Int {
    let product = a.multipliedFullWidth(by: b)
    guard product.high < c / 4 else { return MemcgRow.unlimited }
    return min(c.dividingFullWidth(product).quotient, MemcgRow.unlimited)
  }

  /// Of `size` pages of a list, those a scan may take into account where `protected` of `usage`
  /// pages are to be kept; never fewer than a batch (reference 05 §5.4).
  package static func unprotected(size: Int, protected: Int, usage: Int, batch: Int) -> Int {
    max(size - part(size, protected, of: max(usage, protected) + 1), batch)
  }
}

extension UnsafeMutablePointer<MemcgRow> {
  /// Usage or a setting of a protected cgroup has changed: tells its parent what is covered now.
  func cover(_ number: UInt16) {
    let row = self + Int(number), parent = self + Int(self[Int(number)].parent)
    let minUsage = Swift.min(row.pointee.usage, row.pointee.min)
    let lowUsage = Swift.min(row.pointee.usage, row.pointee.low)
    parent.pointee.childrenMinUsage += minUsage - row.pointee.minUsage
    parent.pointee.childrenLowUsage += lowUsage - row.pointee.lowUsage
    row.pointee.minUsage = minUsage
    row.pointee.lowUsage = lowUsage
  }
}

extension MemcgTree {
  /// min or low of a cgroup has been written.
  func protectionChanged(_ number: UInt16) {
    noteProtection()
    let row = rows + Int(number)
    row.pointee.isWatched = row.pointee.min | row.pointee.low != 0 || row.pointee.isOffline
    rows.cover(number)
  }

  /// Computes what a cgroup may keep from a walk that began at `top`, and was at its parent before.
  func updateProtection(_ number: UInt16, below top: UInt16) {
    let row = rows + Int(number)
    if number == top || row.pointee.usage == 0 { return }
    if row.pointee.parent == top {
      row.pointee.effectiveMin = row.pointee.min
      row.pointee.effectiveLow = row.pointee.low
      return
    }
    let parent = rows[Int(row.pointee.parent)]
    row.pointee.effectiveMin = Protection.share(
      usage: row.pointee.usage, setting: row.pointee.min, parentUsage: parent.usage,
      parentEffective: parent.effectiveMin, siblings: parent.childrenMinUsage,
      recursive: isProtectionRecursive)
    row.pointee.effectiveLow = Protection.share(
      usage: row.pointee.usage, setting: row.pointee.low, parentUsage: parent.usage,
      parentEffective: parent.effectiveLow, siblings: parent.childrenLowUsage,
      recursive: isProtectionRecursive)
  }

  /// Whether a cgroup uses no more than it may keep: by min, always; by low, while there is
  /// something else to take. The values may be those of an earlier walk (reference 04 §4.4.2).
  func isBelowMin(_ number: UInt16) -> Bool {
    number != Self.rootNumber && rows[Int(number)].effectiveMin >= rows[Int(number)].usage
  }

  func isBelowLow(_ number: UInt16) -> Bool {
    number != Self.rootNumber && rows[Int(number)].effectiveLow >= rows[Int(number)].usage
  }
}

extension Memory {
  /// Whether the walk may reclaim in a cgroup: what is below its min is passed over in silence,
  /// what is below its low is remembered, or taken with a `low` event once nothing else is left
  /// (reference 04 §4.3).
  func mayReclaim(_ number: UInt16, _ control: inout ScanControl) -> Bool {
    tree.updateProtection(number, below: control.target.number)
    if tree.isBelowMin(number) { return false }
    if tree.isBelowLow(number) {
      guard control.reclaimsLow else {
        control.skippedLow = true
        return false
      }
      tree.cgroup(number).count(.low)
    }
    return true
  }

  /// The part of a list that may be scanned.
  func scannable(_ size: Int, _ number: UInt16, _ control: inout ScanControl) -> Int {
    if number == control.target.number { return size }
    let row = tree.rows + Int(number)
    let min = row.pointee.effectiveMin, low = row.pointee.effectiveLow
    if min == 0, low == 0 { return size }
    var protected = min
    if !control.reclaimsLow, low > min {
      protected = low
      control.skippedLow = true
    }
    return Protection.unprotected(
      size: size, protected: protected, usage: row.pointee.usage,
      batch: profile.numbers.swapClusterMax)
  }
}
