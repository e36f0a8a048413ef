// SPDX-License-Identifier: Apache-2.0
// A memory cgroup: limits, what is charged, what happened.
//
// The object carries what has a name; what is touched page by page lives in a row (MemcgRow) found
// by the cgroup's number, so that charging a page follows parent numbers through rows and touches
// no object.

import Timeline
package import UAPI

/// The hot half of a cgroup. Amounts in pages.
package struct MemcgRow {
  // What a walk looks at stands together.

  /// Charged to it and its descendants, stock included: memory.current.
  package var usage: Int
  /// What it asks to keep: memory.min whatever happens, memory.low while there is something else to
  /// take.
  var min: Int
  var low: Int
  /// What it may really keep, as of the last walk that asked (reference 04 §4.4.2).
  var effectiveMin: Int
  var effectiveLow: Int
  /// Number of the parent; 0 for the root.
  var parent: UInt16
  /// The tree as reclaim walks it: children in order of creation; 0 for none.
  var firstChild: UInt16
  var lastChild: UInt16
  var nextSibling: UInt16
  var previousSibling: UInt16
  /// Removed, and with nothing charged to it any more.
  var isOffline: Bool
  var isGone: Bool
  /// Whether a change of its usage concerns anybody but itself: it is protected, or offline.
  var isWatched: Bool
  /// Leaves with nothing but shadows that it paid for, and the shrinker's deferred count for them.
  var shadowLeaves: ShadowList
  var deferredShadows: Int

  package var max: Int
  var high: Int
  /// The most that was ever charged: memory.peak.
  var peak: Int
  /// Charges that this cgroup's memory.max refused, and slots that its swap.max did.
  var failures: Int
  var swapFailures: Int
  /// Swap slots charged to it and its descendants: memory.swap.current.
  var swapUsage: Int
  var swapMax: Int
  var swapHigh: Int
  /// How much of its usage its own min and low cover, and the sums over its children (reference 04
  /// §4.4.1).
  var minUsage: Int
  var lowUsage: Int
  var childrenMinUsage: Int
  var childrenLowUsage: Int
  /// Bytes of object stock remembered while another cgroup's stock is in use.
  package var objectRemainder: Int
  /// Kernel pages charged directly to it (memory.stat kernel, local part).
  package var kernelPages: Int
  /// Bytes of slab objects charged to it, reclaimable and not.
  var slabReclaimable: Int
  var slabUnreclaimable: Int

  static let unlimited = Int.max >> 2

  @inline(__always) var isOverHigh: Bool { usage > high || swapUsage > swapHigh }

  /// The number that a file's value stands for.
  static func limit(_ pages: Pages?) -> Int { Swift.min(pages?.count ?? unlimited, unlimited) }

  /// As a cgroup is made: it may use whatever there is.
  mutating func liftLimits() {
    max = Self.unlimited
    high = Self.unlimited
    swapMax = Self.unlimited
    swapHigh = Self.unlimited
  }
}

package final class MemCgroup {
  /// 1 for the root; order of creation.
  package let number: UInt16
  /// "a/b"; "/" for the root.
  package let path: String
  /// The last part of the path.
  let name: String
  let parent: MemCgroup?
  /// How many of those below it are online.
  private(set) var onlineChildren = 0
  private(set) var isOnline = true
  /// What happened here, and here and below: indexed by MemcgEvent.
  private var localCounts = [Int](repeating: 0, count: MemcgEvent.count)
  private var eventCounts = [Int](repeating: 0, count: MemcgEvent.count)
  /// memory.events.local and memory.events.
  package var localEvents: [Int] { localCounts }
  package var events: [Int] { eventCounts }
  /// Who waits for memory.events to change.
  let changed = WaitQueue()
  /// memory.swap.events, those below included: indexed by SwapEvent.
  private var swapCounts = [Int](repeating: 0, count: SwapEvent.count)
  package var swapEvents: [Int] { swapCounts }
  /// memory.oom.group: out of memory, all of its tasks die.
  var killsWhole = false
  /// Control files that somebody has looked up since boot.
  private var knownFiles: ControlFile = []
  /// Those whose names are numbered; the others' are the root's.
  private var namedFiles: [(file: ControlFile, name: UInt32)] = []

  init(number: UInt16, path: String, parent: MemCgroup?) {
    self.number = number
    self.path = path
    name = path.split(separator: "/").last.map(String.init) ?? ""
    self.parent = parent
    parent?.onlineChildren += 1
  }

  var isRoot: Bool { parent == nil }

  /// It has no name from now on.
  func goOffline() {
    isOnline = false
    changed.wakeAll()
    parent?.onlineChildren -= 1
  }

  /// Notes that a control file is looked up; answers whether it is for the first time.
  func lookUp(_ file: ControlFile) -> Bool { knownFiles.insert(file).inserted }

  /// The number of a control file's name; 0 for one of the root's.
  func name(of file: ControlFile) -> UInt32 { namedFiles.first { $0.file == file }?.name ?? 0 }
  func remember(_ file: ControlFile, as name: UInt32) { namedFiles.append((file, name)) }

  /// The name of that number is known no longer.
  func forget(_ name: UInt32) {
    guard let at = namedFiles.firstIndex(where: { $0.name == name }) else { return }
    knownFiles.remove(namedFiles.remove(at: at).file)
  }

  /// Counts an event here and at each ancestor but the root, which has no memory.events (reference
  /// 13 §13.5).
  package func count(_ event: MemcgEvent) {
    if !isRoot { localCounts[event.rawValue] += 1 }
    var at: MemCgroup? = self
    while let cgroup = at, !cgroup.isRoot {
      cgroup.eventCounts[event.rawValue] += 1
      cgroup.changed.wakeAll()
      at = cgroup.parent
    }
  }

  /// The same for memory.swap.events.
  func countSwap(_ event: SwapEvent) {
    var at: MemCgroup? = self
    while let cgroup = at, !cgroup.isRoot {
      cgroup.swapCounts[event.rawValue] += 1
      at = cgroup.parent
    }
  }
}
