// SPDX-License-Identifier: Apache-2.0
// The front door's second half: operations on a task's own memory.

import Timeline
import UAPI

extension Machine {
  func performOnArea(_ operation: Operation, _ task: SimTask) async throws(Killed) -> Outcome {
    switch operation {
    case .map(let name, let kind, let pages):
      noteOperation(10, task, [UInt64(max(pages ?? 0, 0))])
      return try await map(name, kind, pages, task)
    case .unmap(let name):
      guard let area = task.space.area(named: name) else { return .failed(.EINVAL) }
      noteOperation(11, task, [UInt64(area.number)])
      try await memory.unmapArea(area, task)
      return .done
    case .touch(let name, let write, let fill, let pattern):
      guard let area = task.space.area(named: name) else { return .failed(.EINVAL) }
      if pattern.problem(over: area.pages) != nil { return .failed(.EINVAL) }
      if write, case .file(_, _, shared: true) = area.kind {
        return .unsupported(
          "writing to a shared file mapping ('\(name)') needs dirty pages, which are not built")
      }
      noteOperation(12, task, [UInt64(area.number), write ? 1 : 0])
      try await memory.touch(area, write: write, fill: fill, pattern, task)
      return .done
    case .adviseArea(let name, let advice, let from, let length):
      guard let (area, range) = stretch(name, from, length, task) else { return .failed(.EINVAL) }
      noteOperation(13, task, [UInt64(area.number), UInt64(range.lowerBound)])
      return try await memory.advise(area, advice, range, task)
    case .lock(let name, let from, let length):
      guard let (area, range) = stretch(name, from, length, task) else { return .failed(.EINVAL) }
      noteOperation(14, task, [UInt64(area.number), UInt64(range.lowerBound)])
      return try await memory.lock(area, range, task) ? .done : .failed(.ENOMEM)
    case .unlock(let name, let from, let length):
      guard let (area, range) = stretch(name, from, length, task) else { return .failed(.EINVAL) }
      noteOperation(15, task, [UInt64(area.number), UInt64(range.lowerBound)])
      try await memory.unlock(area, range, task)
      return .done
    default:
      preconditionFailure("not an operation on an area")
    }
  }

  /// The part of a task's area that an operation names; nil when it is empty or outside.
  private func stretch(_ name: String, _ from: Int, _ length: Int?, _ task: SimTask)
    -> (Area, Range<Int>)?
  {
    guard let area = task.space.area(named: name), from >= 0, from < area.pages else { return nil }
    let end = min(area.pages, length.map { from + $0 } ?? area.pages)
    return from < end ? (area, from..<end) : nil
  }

  private func map(_ name: String, _ kind: MapKind, _ pages: Int?, _ task: SimTask)
    async throws(Killed) -> Outcome
  {
    if task.space.area(named: name) != nil { return .failed(.EEXIST) }
    switch kind {
    case .anonymous(let shared):
      guard let pages, pages > 0 else { return .failed(.EINVAL) }
      if shared {
        return .unsupported("shared anonymous memory ('\(name)') is not built yet")
      }
      let area = try await memory.mapArea(name, .anonymous, pages: pages, open: nil, task)
      return area == nil ? .failed(.ENOMEM) : .done
    case .file(let fileName, let shared, let from):
      guard let open = try await open(fileName, task) else { return .failed(.ENOENT) }
      let left = open.file.pages - from
      guard from >= 0, left > 0, (pages ?? left) > 0 else { return .failed(.EINVAL) }
      if (pages ?? left) > left {
        return .unsupported("mapping pages behind the end of '\(fileName)' is not built")
      }
      let kind = Area.Kind.file(open.file, offset: from, shared: shared)
      let area = try await memory.mapArea(name, kind, pages: pages ?? left, open: open, task)
      return area == nil ? .failed(.ENOMEM) : .done
    }
  }
}
