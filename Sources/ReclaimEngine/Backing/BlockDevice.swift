// SPDX-License-Identifier: Apache-2.0
// A block device in simulated time: requests of neighbouring pages, so many at once, each done
// after its latency.
//
// Pages are collected while whoever submits them is plugged: one that follows the last request
// joins it, up to the device's largest request. Plugs nest, and only the outermost counts: a
// reclaim in the middle of a readahead sends nothing off. What was collected goes when the plug is
// pulled, when it holds very many requests, and when its owner sleeps. The device works on as many
// requests as its queue is deep, each for its latency, whatever its size; then an interrupt works
// it off page by page, one request after the other. A writer beyond its share (WriteThrottle.swift)
// is held back.

import Timeline
import UAPI

final class BlockDevice {
  /// Pages one after the other on the device.
  struct Request {
    var isWrite: Bool
    /// Over the writers' share: waits in the plug for a place.
    var isHeld: Bool
    var first: UInt32
    var count: Int
    var due = Instant.boot

    var pages: Range<UInt32> { first..<first + UInt32(count) }
  }

  private let spec: DiskSpec
  private let profile: KernelProfile
  private let timeline: Timeline
  private let interrupts: InterruptTime
  private let finished: (Request) -> Void
  private var throttle: WriteThrottle
  private var plugs = 0
  private var plugged: [Request] = []
  /// Requests sent off: from `head` on `started` of them are worked on, the rest waits.
  private var queue: [Request] = []
  private var head = 0
  private var started = 0
  private let reads = WaitQueue()
  private let writers = WaitQueue()
  private let written = WaitQueue()
  private let work = WaitQueue()

  /// - Parameter finished: called as each request is done, in simulated time.
  init(
    _ spec: DiskSpec, _ profile: KernelProfile, timeline: Timeline, interrupts: InterruptTime,
    finished: @escaping (Request) -> Void
  ) {
    self.spec = spec
    self.profile = profile
    self.timeline = timeline
    self.interrupts = interrupts
    self.finished = finished
    throttle = WriteThrottle(
      places: spec.queueRequests, steps: profile.numbers.writeThrottleSteps,
      hz: profile.numbers.hz, now: timeline.now)
    timeline.spawn("blk \(spec.name)") { [unowned self] fiber throws(Killed) in
      while true { try await completeNext(fiber) }
    }
  }

  // MARK: submit

  func plug() { plugs += 1 }

  func unplug() {
    plugs -= 1
    if plugs == 0 { sendOff() }
  }

  /// Collects one page.
  func submit(_ page: UInt32, write: Bool) {
    if let last = plugged.indices.last, plugged[last].isWrite == write,
      plugged[last].pages.upperBound == page, plugged[last].count < spec.requestPages
    {
      plugged[last].count += 1
      return
    }
    if plugged.count >= profile.numbers.plugRequests { sendOff() }
    if !write { throttle.noteRead(at: timeline.now) }
    let isHeld = write && (holdsWriterBack || !throttle.admit(at: timeline.now))
    plugged.append(Request(isWrite: write, isHeld: isHeld, first: page, count: 1))
    if plugs == 0 { sendOff() }
  }

  /// Sends off what was collected, but for what is held back.
  private func sendOff() {
    var held = 0
    for request in plugged {
      if request.isHeld {
        plugged[held] = request
        held += 1
      } else {
        queue.append(request)
      }
    }
    plugged.removeLast(plugged.count - held)
    start()
  }

  private func start() {
    var sent: UInt64 = 0
    while started < spec.depth, head + started < queue.count {
      sent += profile.costs.requestSent
      queue[head + started].due = timeline.now + Nanoseconds(sent) + spec.latency
      started += 1
    }
    if started > 0 { work.wakeAll() }
  }

  // MARK: complete

  private func completeNext(_ fiber: Fiber) async throws(Killed) {
    guard started > 0 else {
      try await work.wait(fiber)
      return
    }
    let request = queue[head]
    if request.due > timeline.now { try await fiber.sleep(request.due - timeline.now) }
    let cost = profile.costs.requestFinished + UInt64(request.count) * profile.costs.pageFinished
    interrupts.begin(cost)
    try await fiber.sleep(Nanoseconds(cost))
    head += 1
    started -= 1
    if head == queue.count {
      queue.removeAll(keepingCapacity: true)
      head = 0
    }
    finished(request)
    if request.isWrite { written.wakeAll() }
    if !request.isWrite {
      reads.wakeAll()
    } else if throttle.finish(at: timeline.now) {
      writers.wakeAll()
    }
    start()
  }

  // MARK: wait

  /// Whether a writer has to wait for a place before it goes on.
  var holdsWriterBack: Bool { plugged.last?.isHeld ?? false }

  /// Pages collected in requests that have no place yet.
  var heldPages: Int { plugged.reduce(0) { $0 + ($1.isHeld ? $1.count : 0) } }

  /// Sleeps until all that was collected has its place.
  func waitForPlace(_ fiber: Fiber) async throws(Killed) {
    while holdsWriterBack {
      sendOff()
      if throttle.underWay > 0 {
        try await writers.wait(fiber)
        try await interrupts.waitUntilQuiet(fiber)
      }
      for k in plugged.indices where plugged[k].isHeld {
        if !throttle.admit(at: timeline.now) { break }
        plugged[k].isHeld = false
      }
    }
  }

  /// Sleeps until a write request is done.
  func waitForWrite(_ fiber: Fiber) async throws(Killed) {
    sendOff()
    try await written.wait(fiber)
    try await interrupts.waitUntilQuiet(fiber)
  }

  /// Sleeps until a read request is done.
  func waitForRead(_ fiber: Fiber) async throws(Killed) {
    sendOff()
    try await reads.wait(fiber)
    try await interrupts.waitUntilQuiet(fiber)
  }
}
