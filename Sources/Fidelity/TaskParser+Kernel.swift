// SPDX-License-Identifier: Apache-2.0
// The ops that write to files of the kernel's own: sysctl, and echo to any path.
//
// A path that another op writes is that op. All others are refused by name.

import UAPI

extension TaskParser {
  func write(_ words: inout OpWords) throws(OpProblem) -> WorkloadStep.Action {
    if words.name == "echo" {
      let value = try words.next("the value")
      return try echo(value, to: try words.next("the path"))
    }
    let pairs = words.takePairs()
    guard let pair = pairs.first, pairs.count == 1 else {
      throw OpProblem("expected one name=value")
    }
    return sysctl(pair.key, pair.value)
  }

  private func sysctl(_ name: String, _ value: String) -> WorkloadStep.Action {
    let name = name.replacing("/", with: ".")
    guard let number = Int(value) else { return .unsupported("writing to \(name) is not built") }
    if name == "vm.drop_caches", (1...3).contains(number) { return .perform(.dropCaches(number)) }
    if let why = Sysctls.refusal(name, number, kernel: kernel) { return .unsupported(why) }
    return .perform(.writeSysctl(name: name, value: number))
  }

  private func echo(_ value: String, to path: String) throws(OpProblem) -> WorkloadStep.Action {
    let parts = path.split(separator: "/").map(String.init)
    if path == "/proc/self/oom_score_adj", let number = Int(value),
      (-1000...1000).contains(number)
    {
      return .perform(.setOomScoreAdjust(number))
    }
    if path.hasPrefix("/proc/sys/"), parts.count > 2 {
      return sysctl(parts[2...].joined(separator: "."), value)
    }
    guard path.hasPrefix("/sys/fs/cgroup/"), parts.count > 3, let file = parts.last,
      let operation = try Self.cgroupWrite(value, file, of: parts[3..<(parts.count - 1)])
    else { return .unsupported("writing to \(path) is not built") }
    return .perform(operation)
  }

  /// What writing to a file of a cgroup does; nil where it is not built.
  private static func cgroupWrite(
    _ value: String, _ file: String, of parts: ArraySlice<String>
  ) throws(OpProblem) -> Operation? {
    let path = parts.isEmpty ? "/" : parts.joined(separator: "/")
    switch file {
    // 0 is whoever writes.
    case "cgroup.procs": return value == "0" ? .enter(path: path) : nil
    case "memory.reclaim":
      return .reclaim(path: path, try OpWords.bytes(value, "the amount", plainUnit: 1).pages)
    default:
      guard file.hasPrefix("memory."), let setting = try setting(String(file.dropFirst(7)), value)
      else { return nil }
      return .setCgroup(path: path, settings: [setting])
    }
  }
}
