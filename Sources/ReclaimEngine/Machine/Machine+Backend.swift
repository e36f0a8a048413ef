// SPDX-License-Identifier: Apache-2.0
// The front door: each operation to what performs it.

package import Timeline
package import UAPI

extension Machine {
  package func perform(_ operation: Operation, by handle: TaskHandle, _ fiber: Fiber)
    async throws(Killed) -> Outcome
  {
    let task = task(handle)
    if memory.endReason != nil { throw Killed() }
    // One that was killed after its last sleep had ended asks for nothing more.
    try task.leaveKernel()
    // Nearly every operation finds the task on the CPU and leaves it owing nothing; an async
    // function that has nothing to wait for costs more than to ask.
    if !task.isOnProcessor { try await task.acquireProcessor() }
    memory.flushPeriodically()
    task.enterKernel()
    if !hasBegun {
      // What the first task's first system call takes: recordings show one slab, whatever it asks.
      hasBegun = true
      if try await memory.takeObject(.file, task) { memory.slabs.free(.file) }
    }
    let outcome = try await carryOut(operation, task)
    if memory.stock.isOverHigh || task.overHigh != 0 { try await memory.returnOverHigh(task) }
    try task.leaveKernel()
    return outcome
  }

  private func carryOut(_ operation: Operation, _ task: SimTask) async throws(Killed) -> Outcome {
    switch operation {
    case .makeCgroup, .setCgroup, .removeCgroup, .enter, .reclaim, .awaitPressure, .awaitEvents:
      return try await performOnCgroup(operation, task)
    case .open(let name):
      noteOperation(4, task, [])
      return try await open(name, task) == nil ? .failed(.ENOENT) : .done
    case .read(let name, let pattern):
      guard let open = try await open(name, task) else { return .failed(.ENOENT) }
      if pattern.problem(over: open.file.pages) != nil { return .failed(.EINVAL) }
      noteOperation(5, task, [UInt64(open.file.number)] + pattern.words)
      return try await memory.read(open, pattern, for: task) ? .done : .failed(.ENOMEM)
    case .stat(let name, let missing, let pattern):
      return try await stat(name, missing: missing, pattern, task)
    case .takeTurns(let every, let order):
      let turns = turns ?? TurnTaking(order)
      guard every > 0, order.contains(task.name), turns.order == order else {
        return .failed(.EINVAL)
      }
      noteOperation(18, task, [UInt64(every)])
      try await takeTurns(task, every, turns)
      return .done
    case .adviseFile(let name, let advice, let from, let length):
      if from < 0 || (length ?? 0) < 0 { return .failed(.EINVAL) }
      guard let open = try await open(name, task) else { return .failed(.ENOENT) }
      noteOperation(
        6, task,
        [UInt64(open.file.number), advice.number, word(from), word(length ?? -1)])
      try await memory.advise(open, advice, from: from, length: length, task)
      return .done
    case .map, .unmap, .touch, .adviseArea, .lock, .unlock:
      return try await performOnArea(operation, task)
    case .sync, .fsync, .unlink, .makeFile:
      return try await performOnFileSystem(operation, task)
    case .dropCaches(let what):
      noteOperation(22, task, [UInt64(bitPattern: Int64(what))])
      return try await memory.dropCaches(what, task)
    case .writeSysctl(let name, let value):
      noteOperation(23, task, [UInt64(bitPattern: Int64(value))])
      return try await memory.writeSysctl(name, value, task)
    case .setOomScoreAdjust(let value):
      guard (-1000...1000).contains(value) else { return .failed(.EINVAL) }
      noteOperation(16, task, [UInt64(bitPattern: Int64(value))])
      task.oomScoreAdjust = value
      memory.tracer.oomScoreAdjust(task)
      return .done
    case .allocatePages, .freePages:
      return try await performOnBlock(operation, task)
    case .sleep(let duration):
      noteOperation(8, task, [duration.count])
      try task.leaveKernel()
      memory.setRunnable(false, task)
      try await task.fiber.sleep(duration)
      memory.setRunnable(true, task)
      return .done
    case .compute(let duration):
      noteOperation(9, task, [duration.count])
      try await task.spendOutside(duration.count)
      return .done
    case .mark(let name):
      try await mark(name, task)
      return .done
    }
  }

  private func stat(_ name: String, missing: Bool, _ pattern: AccessPattern, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    guard let position = memory.directoryCache.position(of: name) else { return .failed(.ENOENT) }
    let files = memory.directoryCache.directories[position].files
    let size = missing ? pattern.from + (pattern.length ?? files) : files
    if pattern.problem(over: size) != nil || size > Self.missingNames { return .failed(.EINVAL) }
    noteOperation(missing ? 19 : 17, task, pattern.words)
    let open = task.openDirectory(position) { stream("\(task.name) looks into \(name)") }
    return try await memory.stat(open, exists: !missing, pattern, over: size, task)
      ? .done : .failed(.ENOMEM)
  }

  /// Names that do not exist, of a directory.
  private static let missingNames = 1 << 22

  private func takeTurns(_ task: SimTask, _ every: Int, _ turns: TurnTaking)
    async throws(Killed)
  {
    self.turns = turns
    task.turnLength = every
    task.accessesLeft = every
    memory.nextTurn = { [unowned self] task throws(Killed) in
      try await task.spend(memory.profile.costs.turn)
      try await turns.wait(task, among: memory.tasks)
      task.accessesLeft = task.turnLength
    }
    try await turns.wait(task, among: memory.tasks)
  }

  // MARK: files

  /// The task's descriptor of a file, opened at first use: its cgroup pays for what the kernel
  /// keeps.
  func open(_ name: String, _ task: SimTask) async throws(Killed) -> OpenFile? {
    if let known = task.openFile(named: name) { return known }
    guard let file = memory.cache.file(named: name) else { return nil }
    try await task.spend(memory.profile.costs.open)
    // Another task may have removed it meanwhile.
    if file.isUnlinked { return nil }
    try await memory.useName(of: file, opens: true, task)
    let open = OpenFile(
      file, memcg: task.memcg, readAheadPages: memory.readAheadPages,
      stream: stream("\(task.name) reads \(name)"))
    task.remember(open)
    return open
  }

  /// Operations on the file system's names, and on what is to be written to it: nothing ever is.
  private func performOnFileSystem(_ operation: Operation, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    switch operation {
    case .sync:
      noteOperation(24, task, [])
      try await task.spend(memory.profile.costs.open)
      return .done
    case .fsync(let name):
      noteOperation(25, task, [])
      return try await open(name, task) == nil ? .failed(.ENOENT) : .done
    case .makeFile(let name, let pages):
      noteOperation(27, task, [UInt64(max(pages, 0))])
      return try await memory.makeFile(name, pages: pages, task)
    case .unlink(let name):
      guard let file = memory.cache.file(named: name) else { return .failed(.ENOENT) }
      noteOperation(26, task, [UInt64(file.number)])
      return try await memory.unlink(file, task)
    default: preconditionFailure("not an operation on the file system: \(operation)")
    }
  }

  // MARK: marks

  /// An observer in the root cgroup reads the counters while the task waits. The datagram that asks
  /// for it is charged to the task and freed at once; reading cpu.stat and memory.stat publishes
  /// the memcg statistics (fidelity/starting-state.md).
  private func mark(_ name: String, _ task: SimTask) async throws(Killed) {
    let sizes = memory.profile.objects.datagram
    if try await memory.chargeObjects(task.memcg, sizes, task) {
      for size in sizes { memory.objects.free(task.memcg, size, reclaimable: false) }
    }
    keepMark(name, observe())
    memory.publishForReader()
    for k in memory.shrinkers.indices { memory.shrinkers[k].wasRead() }
    let costs = memory.profile.costs
    try await task.spend(
      costs.mark + UInt64(memory.tree.livingCount - 1) * costs.markCgroup)
  }
}
