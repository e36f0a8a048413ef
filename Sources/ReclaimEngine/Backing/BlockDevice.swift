// SPDX-License-Identifier: Apache-2.0
// A block device in simulated time: requests of neighbouring pages, so many at once, each done
// after its latency.
//
// Pages are collected while whoever submits them is plugged: one that follows the last request on
// the device joins it, up to the device's largest request. Unplugging sends them off; each takes
// the device's latency, whatever its size, as many at a time as the queue is deep. A writer is held
// back when enough of its requests are under way.

import Timeline
import UAPI

/// A page on its way: the swap slot and the folio.
struct DevicePage {
  var offset: UInt32
  var frame: UInt32
}

final class BlockDevice {
  struct Request {
    var isWrite: Bool
    var first: UInt32
    var pages: [DevicePage]
  }

  let spec: DiskSpec
  private let timeline: Timeline
  private let finished: (Request) -> Void
  private var plugged: [Request] = []
  private var waiting: [Request] = []
  private var inFlight: [(due: Instant, request: Request)] = []
  private let completions = WaitQueue()
  private let work = WaitQueue()
  /// Write requests at most under way before a writer is held back (recordings of swap on such a
  /// device: eight).
  private static let writesAtOnce = 8

  /// - Parameter finished: called as each request is done, in simulated time.
  init(_ spec: DiskSpec, timeline: Timeline, finished: @escaping (Request) -> Void) {
    self.spec = spec
    self.timeline = timeline
    self.finished = finished
    timeline.spawn("blk \(spec.name)") { [weak self] fiber throws(Killed) in
      while let device = self {
        try await device.completeNext(fiber)
      }
    }
  }

  /// Collects one page; it joins the last request where it continues it.
  func submit(_ page: DevicePage, write: Bool) {
    if let last = plugged.indices.last, plugged[last].isWrite == write,
      plugged[last].first + UInt32(plugged[last].pages.count) == page.offset,
      plugged[last].pages.count < spec.requestPages
    {
      plugged[last].pages.append(page)
    } else {
      plugged.append(Request(isWrite: write, first: page.offset, pages: [page]))
    }
  }

  /// Sends off what was collected.
  func unplug() { send(plugged.count) }

  private func send(_ n: Int) {
    if n <= 0 { return }
    waiting += plugged.prefix(n)
    plugged.removeFirst(n)
    start()
  }

  private func start() {
    while inFlight.count < spec.depth, !waiting.isEmpty {
      inFlight.append((timeline.now + spec.latency, waiting.removeFirst()))
    }
    work.wakeAll()
  }

  private func completeNext(_ fiber: Fiber) async throws(Killed) {
    guard let next = inFlight.first else {
      try await work.wait(fiber)
      return
    }
    if next.due > timeline.now { try await fiber.sleep(next.due - timeline.now) }
    inFlight.removeFirst()
    finished(next.request)
    start()
    completions.wakeAll()
  }

  /// Whether a writer has to wait before it collects more.
  var holdsWritersBack: Bool {
    plugged.count + waiting.count + inFlight.count > Self.writesAtOnce
  }

  /// Sends off what was collected, but for a request beyond what a writer may have under way, and
  /// waits until some request is done.
  func waitForCompletion(_ fiber: Fiber) async throws(Killed) {
    let room = Self.writesAtOnce - waiting.count - inFlight.count
    send(holdsWritersBack ? min(max(room, 0), plugged.count) : plugged.count)
    if waiting.isEmpty, inFlight.isEmpty { return }
    try await completions.wait(fiber)
  }
}
