// SPDX-License-Identifier: Apache-2.0
// kswapd: reclaims in the background until one zone that the waker could use is above its high mark
// (reference 11).
//
//   woken      by an allocation that found no zone above its low mark, or by a boost of the marks
//   balances   priorities 12 to 1, each twice the share of the lists; a boost alone stays at 10 and
//              neither swaps nor goes on when nothing comes of it
//   naps       a tenth of a second after success; only who is not woken out of the nap sleeps
//   gives up   after 16 runs that freed nothing, until anybody frees a page again

import Timeline
import UAPI

/// What the node's kswapd is asked for, and how it fares.
final class Kswapd {
  static let failureLimit = 16
  static let nap = Nanoseconds.milliseconds(100)

  let thread: SimThread
  private var order = 0
  /// Highest zone index asked for; nil: nobody asked since the last run.
  private var highest: Int?
  private var failures = 0
  /// Asleep for good, not napping.
  private(set) var isAsleep = true
  /// Asleep or napping: somebody who wakes it will be heard.
  private var isOnQueue = false

  init(_ thread: SimThread) { self.thread = thread }

  var isHopeless: Bool { failures >= Self.failureLimit }
  func madeProgress() { failures = 0 }
  func failed() { failures += 1 }

  /// Notes what is wanted; answers whether kswapd would hear it.
  func request(order: Int, highest: Int) -> Bool {
    self.order = max(self.order, order)
    self.highest = max(self.highest ?? 0, highest)
    return isOnQueue
  }

  /// Woken by who waits for a reserve: it looks no higher than the zones that count for one.
  func wakeForReserve(highest: Int) {
    self.highest = min(self.highest ?? highest, highest)
    if isOnQueue { wake() }
  }

  func wake() {
    isOnQueue = false
    thread.wake()
  }

  /// Sleeps where wakers hear it.
  func sleep(atMost limit: Nanoseconds? = nil) async throws(Killed) -> Bool {
    isOnQueue = true
    isAsleep = limit == nil
    defer {
      isOnQueue = false
      isAsleep = false
    }
    return try await thread.sleep(atMost: limit)
  }

  /// What has been asked for since the last run began.
  var pending: (order: Int, highest: Int?) { (order, highest) }

  /// A nap was cut short: what it was balanced for is still wanted.
  func keep(order: Int) { self.order = max(self.order, order) }

  /// The request of this run; who asked for no zone gets the previous one.
  func takeRequest(previous: Int) -> (order: Int, highest: Int) {
    defer {
      order = 0
      highest = nil
    }
    return (order, highest ?? previous)
  }
}

extension Memory {
  /// wakeup_kswapd: for an allocation up to a zone index, or for the boost of one zone.
  /// - Returns: whether it was woken, which whoever did it pays for.
  @discardableResult
  func wakeKswapd(order: Int, highest: Int, gfp: GfpFlags) -> Bool {
    guard kswapd.request(order: order, highest: highest) else { return false }
    let isBoosted = node.zones(upTo: highest).contains { $0.boost != 0 }
    if kswapd.isHopeless || (!isBoosted && node.isBalanced(order: order, highest: highest)) {
      // Who may not reclaim has nobody else to make a block.
      if !gfp.contains(.directReclaim) { wakeCompaction(order: order, highest: highest) }
      return false
    }
    tracer.wakeupKswapd(node: node.number, order: order, gfp)
    kswapd.wake()
    return true
  }

  /// The life of kswapd.
  func runKswapd() async throws(Killed) {
    let thread = kswapd.thread
    var highest = node.zones.last!.kind.rawValue
    _ = try await kswapd.sleep()
    while true {
      let request = kswapd.takeRequest(previous: highest)
      highest = request.highest
      tracer.kswapdWake(node: node.number, order: request.order)
      try await thread.spend(profile.costs.kswapdBegin)
      thread.isReclaiming = true
      thread.slabReclaimed = 0
      pressure.kernelThread(thread, stalls: true)
      let order = try await balance(order: request.order, highest: highest)
      pressure.kernelThread(thread, stalls: false)
      thread.isReclaiming = false
      if order < request.order {
        try await trySleeping(order: order, askedFor: request.order, highest: highest)
      } else {
        // What was asked for meanwhile decides whether it may sleep (reference 11 §11.3).
        let pending = kswapd.pending
        highest = pending.highest ?? highest
        try await trySleeping(order: pending.order, askedFor: pending.order, highest: highest)
      }
    }
  }

  /// kswapd_try_to_sleep: a nap, then sleep, each only while the node is balanced for `order`. Who
  /// asked for a block of a higher order gets it from kcompactd.
  private func trySleeping(order: Int, askedFor: Int, highest: Int) async throws(Killed) {
    var isEarly = false
    if mayKswapdSleep(order, highest) {
      wakeCompaction(order: askedFor, highest: highest)
      isEarly = try await kswapd.sleep(atMost: Kswapd.nap)
    }
    if isEarly {
      kswapd.keep(order: order)
      node.counters.add(1, to: .kswapd_low_wmark_hit_quickly)
    } else if mayKswapdSleep(order, highest) {
      tracer.kswapdSleep(node: node.number)
      _ = try await kswapd.sleep()
    } else {
      node.counters.add(1, to: .kswapd_high_wmark_hit_quickly)
    }
  }

  private func mayKswapdSleep(_ order: Int, _ highest: Int) -> Bool {
    releaseThrottled(always: true)
    if kswapd.isHopeless { return true }
    guard node.isBalanced(order: order, highest: highest) else { return false }
    reclaimThrottle.clearFlags()
    tree.lruvec(MemcgTree.rootNumber).pointee.isCongested = false
    return true
  }

  // MARK: balance_pgdat

  /// Reclaims until the node is balanced for the request.
  /// - Returns: the order it is balanced for in the end.
  private func balance(order: Int, highest: Int) async throws(Killed) -> Int {
    node.counters.add(1, to: .pageoutrun)
    let zones = node.zones(upTo: highest)
    let boosts = zones.map(\.boost)
    for zone in zones { zone.perCPU.isReclaimed(true) }
    var control = ScanControl(
      target: tree.root, reclaimer: .kswapd, gfp: .kernel, task: kswapd.thread, toReclaim: 0,
      swappiness: swappiness)
    control.highestZone = highest
    var order = order
    try await balance(zones, boost: boosts.reduce(0, +), &order, &control)
    for zone in zones { zone.perCPU.isReclaimed(false) }
    for (zone, boost) in zip(zones, boosts) where boost > 0 { zone.reduceBoost(by: boost) }
    snapshotRefaults(tree.root)
    return order
  }

  private func balance(
    _ zones: [Zone], boost: Int, _ order: inout Int, _ control: inout ScanControl
  ) async throws(Killed) {
    var boost = boost
    control.priority = profile.numbers.defaultPriority
    while control.priority >= 1 {
      let isBalanced = node.isBalanced(order: order, highest: control.highestZone)
      if !isBalanced, boost != 0 {
        // What is short is not the boost alone: all begins anew.
        boost = 0
        control.priority = profile.numbers.defaultPriority
        continue
      }
      if boost == 0, isBalanced { return }
      var raises = !(boost != 0 && control.priority == Self.lowestBoostPriority)
      control.maySwap = boost == 0
      control.order = order
      try await ageAnonymous(control)
      control.scanned = 0
      control.toReclaim = zones.reduce(0) {
        $0 + max($1.watermarks.high + $1.boost, profile.numbers.swapClusterMax)
      }
      let before = control.reclaimed
      try await shrinkNode(&control)
      releaseThrottled(always: false)
      if order > 0, control.reclaimed >= 2 << order { order = 0 }
      if control.scanned >= control.toReclaim { raises = false }
      let freed = control.reclaimed - before
      boost -= min(boost, freed)
      if boost != 0, freed == 0 { break }
      if raises || freed == 0 { control.priority -= 1 }
    }
    if control.reclaimed == 0 { kswapd.failed() }
  }

  /// Reclaim for a boost goes no further than this.
  private static let lowestBoostPriority = 10

  /// age_active_anon: where there is swap, a short inactive list is refilled from every cgroup.
  private func ageAnonymous(_ control: ScanControl) async throws(Killed) {
    guard swap != nil else { return }
    let sizes = tree.lruvec(MemcgTree.rootNumber).pointee.publishedSizes
    guard isInactiveLow(sizes.inactiveAnon, sizes.activeAnon) else { return }
    var walk = tree.walk(below: MemcgTree.rootNumber)
    while let number = walk.next() {
      let cost = shrinkActiveList(
        number, ListIndex.activeAnon, profile.numbers.swapClusterMax, control)
      try await control.task.spend(cost)
    }
  }
}
