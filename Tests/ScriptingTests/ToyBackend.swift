// SPDX-License-Identifier: Apache-2.0
// A backend that can sleep, count accesses and map names, enough to drive scripts against.

import Timeline
import UAPI

final class ToyBackend: Backend {
  let timeline = Timeline()
  private(set) var files: [FileSpec]
  private(set) var marks: [(name: String, snapshot: Snapshot)] = []
  private(set) var ended: String?
  private(set) var digest = Digest()
  private(set) var eventCount: UInt64 = 0
  /// Everything that was asked, in words.
  private(set) var log: [String] = []

  private var tasks:
    [(name: String, cgroup: String, state: TaskState, fiber: Fiber?, cpu: UInt64)] = []
  private var cgroups = ["/"]
  private var reads = 0
  private var kills: [Int: Instant] = [:]
  private var areas: [String: MapKind] = [:]

  init(files: [FileSpec]) { self.files = files }

  var directories: [DirectorySpec] { [DirectorySpec(name: "mail", files: 100)] }
  var slabs: [SlabUse] {
    [
      SlabUse(
        name: "dentry", objectSize: 192, perSlab: 21, objects: 7, free: 14, pages: 1, unused: 5)
    ]
  }

  func spawn(
    _ spec: TaskSpec, exited: @escaping () -> Void,
    body: @escaping (TaskHandle, Fiber) async throws(Killed) -> Void
  ) -> TaskHandle {
    let handle = TaskHandle(number: tasks.count)
    tasks.append((spec.name, spec.cgroup, .running, nil, 0))
    tasks[handle.number].fiber = timeline.spawn(spec.name) { [self] fiber throws(Killed) in
      defer { exited() }
      do throws(Killed) {
        try await body(handle, fiber)
        tasks[handle.number].state = .done
      } catch {
        tasks[handle.number].state = .killed
        throw error
      }
    }
    return handle
  }

  func perform(_ operation: Operation, by task: TaskHandle, _ fiber: Fiber)
    async throws(Killed) -> Outcome
  {
    eventCount += 1
    digest.fold(timeline.now.nanoseconds)
    log.append("\(tasks[task.number].name): \(operation)")
    switch operation {
    case .allocatePages(let order, _): return order > 8 ? .failed(.ENOMEM) : .frame(4096)
    case .sleep(let duration):
      try await fiber.sleep(duration)
      return .done
    case .compute(let duration):
      try await fiber.spend(duration)
      tasks[task.number].cpu += duration.count
      return .done
    case .open(let file): return files.contains { $0.name == file } ? .done : .failed(.ENOENT)
    case .read(_, let pattern):
      let count = pattern.count ?? pattern.length ?? files[0].size.count
      try await fiber.spend(Nanoseconds(UInt64(count)))
      reads += count
      return reads > 1_000_000 ? .failed(.ENOMEM) : .done
    case .reclaim(_, let pages, _):
      return pages.count > 100 ? .failed(.EAGAIN) : .pages(pages.count)
    case .enter(let path):
      tasks[task.number].cgroup = path
      return .done
    case .mark(let name):
      marks.append((name, observe()))
      return .done
    case .adviseFile(_, .noreuse, _, _): return .unsupported("noreuse is not built in the toy")
    case .adviseFile(_, .dontneed, _, _):
      ended = "reclaim of the whole machine is not built yet"
      return .done
    case .adviseFile(_, .normal, _, _):
      tasks[task.number].fiber!.kill()
      kills[task.number] = timeline.now
      try await fiber.sleep(1)
      return .done
    case .map(let area, let kind, let pages): return map(area, kind, pages)
    case .touch(let area, let write, _, let pattern):
      if write, case .file(_, shared: true, _) = areas[area] {
        return .unsupported("writing to a file is not built in the toy")
      }
      reads += pattern.count ?? pattern.length ?? 1
      return .done
    case .adviseArea(_, .free, _, _): return .failed(.EINVAL)
    case .unmap(let area):
      areas[area] = nil
      return .done
    default: return .done
    }
  }

  private func map(_ area: String, _ kind: MapKind, _ pages: Int?) -> Outcome {
    if case .file(let file, _, _) = kind, !files.contains(where: { $0.name == file }) {
      return .failed(.ENOENT)
    }
    if case .anonymous(shared: true) = kind {
      return .unsupported("shared memory is not built in the toy")
    }
    if let pages, pages > 1 << 18 { return .failed(.ENOMEM) }
    areas[area] = kind
    return .done
  }

  func configureCgroup(path: String, settings: [CgroupSetting]) -> Outcome {
    log.append("cgroup \(path) \(settings)")
    if settings.contains(where: { if case .min = $0 { true } else { false } }) {
      return .unsupported("memory.min is not built in the toy")
    }
    if cgroups.contains(path), settings.contains(.max(0)) { return .failed(.EBUSY) }
    if !cgroups.contains(path) { cgroups.append(path) }
    return .done
  }

  func observe() -> Snapshot {
    var vmstat = [Int](repeating: 0, count: VmCounter.count)
    vmstat[VmCounter.pgfault.rawValue] = reads
    var stat = [Int](repeating: 0, count: MemcgCounter.count)
    stat[MemcgCounter.file.rawValue] = reads
    stat[MemcgCounter.pgfault.rawValue] = reads
    let events = [Int](repeating: 0, count: MemcgEvent.count)
    return Snapshot(
      at: timeline.now, vmstat: vmstat, nodes: [],
      cgroups: cgroups.map {
        CgroupSnapshot(
          path: $0, stat: stat, events: events, current: $0 == "/" ? nil : reads,
          swapCurrent: $0 == "/" ? nil : reads / 2)
      })
  }

  func report(on task: TaskHandle) -> TaskReport {
    let t = tasks[task.number]
    return TaskReport(
      name: t.name, state: t.state, cpu: Nanoseconds(t.cpu), reclaiming: 0, started: .boot,
      ended: kills[task.number],
      killReason: kills[task.number].map { _ in "the toy's memory is full" })
  }

  func run(until end: Instant) { timeline.run(until: end) }
  func shutdown() { timeline.shutdown() }
}
