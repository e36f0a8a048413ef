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
    memory.flushPeriodically()
    task.enterKernel()
    let outcome = try await carryOut(operation, task)
    try await memory.returnOverHigh(task)
    try task.leaveKernel()
    return outcome
  }

  private func carryOut(_ operation: Operation, _ task: SimTask) async throws(Killed) -> Outcome {
    switch operation {
    case .makeCgroup(let path, let settings):
      noteOperation(1, task, [])
      return try await makeCgroup(path, settings, task)
    case .setCgroup(let path, let settings):
      noteOperation(2, task, [])
      guard let cgroup = memory.tree.find(path), !cgroup.isRoot else { return .failed(.ENOENT) }
      return try await write(settings, to: cgroup, task)
    case .removeCgroup(let path):
      guard let cgroup = memory.tree.find(path) else { return .failed(.ENOENT) }
      if cgroup.isRoot { return .failed(.EBUSY) }
      noteOperation(40, task, [UInt64(cgroup.number)])
      try await task.spend(memory.profile.costs.makeCgroup)
      return memory.remove(cgroup)
    case .enter(let path):
      guard let cgroup = memory.tree.find(path) else { return .failed(.ENOENT) }
      noteOperation(3, task, [UInt64(cgroup.number)])
      return try await enter(cgroup, task)
    case .open(let name):
      noteOperation(4, task, [])
      return try await open(name, task) == nil ? .failed(.ENOENT) : .done
    case .read(let name, let pattern):
      guard let open = try await open(name, task) else { return .failed(.ENOENT) }
      if pattern.problem(over: open.file.pages) != nil { return .failed(.EINVAL) }
      noteOperation(5, task, [UInt64(open.file.number)] + pattern.words)
      return try await memory.read(open, pattern, for: task) ? .done : .failed(.ENOMEM)
    case .adviseFile(let name, let advice, let from, let length):
      guard let open = try await open(name, task) else { return .failed(.ENOENT) }
      noteOperation(
        6, task,
        [UInt64(open.file.number), advice.number, word(from), word(length ?? -1)])
      if from < 0 || (length ?? 0) < 0 { return .failed(.EINVAL) }
      try await memory.advise(open, advice, from: from, length: length, task)
      return .done
    case .reclaim(let path, let pages, let swappiness):
      guard memory.profile.memoryReclaim != .absent, let cgroup = memory.tree.find(path),
        !cgroup.isRoot
      else { return .failed(.ENOENT) }
      // A word behind the amount is nothing that this file understands.
      if swappiness != nil { return .failed(.EINVAL) }
      noteOperation(7, task, [UInt64(cgroup.number), UInt64(max(pages.count, 0))])
      return try await reclaim(cgroup, pages, task)
    case .awaitPressure(let path, let trigger):
      guard let cgroup = memory.tree.find(path) else { return .failed(.ENOENT) }
      noteOperation(41, task, [UInt64(cgroup.number), trigger.threshold.count])
      return try await awaitPressure(of: cgroup, trigger, task)
    case .awaitEvents(let path):
      guard let cgroup = memory.tree.find(path), !cgroup.isRoot else { return .failed(.ENOENT) }
      noteOperation(42, task, [UInt64(cgroup.number)])
      return try await awaitEvents(of: cgroup, task)
    case .map, .unmap, .touch, .adviseArea, .lock, .unlock:
      return try await performOnArea(operation, task)
    case .dropCaches:
      return .unsupported("drop_caches is not built yet")
    case .setOomScoreAdjust(let value):
      guard (-1000...1000).contains(value) else { return .failed(.EINVAL) }
      noteOperation(16, task, [UInt64(bitPattern: Int64(value))])
      task.oomScoreAdjust = value
      return .done
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

  // MARK: files

  /// The task's descriptor of a file, opened at first use: its cgroup pays for what the kernel
  /// keeps.
  func open(_ name: String, _ task: SimTask) async throws(Killed) -> OpenFile? {
    guard let file = memory.cache.file(named: name) else { return nil }
    if let known = task.openFile(file) { return known }
    let sizes = memory.profile.objects
    try await task.spend(memory.profile.costs.open)
    var kinds = [(SlabKind.file, sizes.structFile, false)]
    if !file.isKnown {
      kinds += [(.dentry, sizes.dentry, true), (.inode, sizes.inode, true)]
      memory.touchMetadata()
    }
    file.open()
    for (kind, size, reclaimable) in kinds {
      if try await !memory.chargeObject(task.memcg, size, reclaimable: reclaimable, task) {
        try memory.giveUpForMemory(task)
      }
      if !memory.slabs.take(kind) { try memory.endForShortage(.memory(.unmovable)) }
    }
    let open = OpenFile(
      file, memcg: task.memcg, readAheadPages: memory.readAheadPages,
      stream: stream("\(task.name) reads \(name)"))
    task.remember(open)
    return open
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
    let costs = memory.profile.costs
    try await task.spend(
      costs.mark + UInt64(memory.tree.all.count - 1) * costs.markCgroup)
  }
}
