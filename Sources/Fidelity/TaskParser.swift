// SPDX-License-Identifier: Apache-2.0
// The ops of one task, one after the other, become steps; loops nest.

import UAPI

/// Reads the ops of one task.
struct TaskParser {
  let task: RecordedScenario.Task
  /// Kernel generation, such as "6.1".
  let kernel: String
  let taskNames: [String]
  let files: [FileSpec]
  /// Tasks that take turns, in their order.
  let turnOrder: [String]
  /// Areas made so far, in pages.
  var sizes: [(area: String, pages: Int)] = []
  /// How many ranks the zipf patterns met so far have, each number once.
  private(set) var ranks: [Int] = []
  private var next = 0
  /// The op being read.
  private(set) var site: OpSite

  init(
    task: RecordedScenario.Task, kernel: String, taskNames: [String], files: [FileSpec],
    turnOrder: [String] = []
  ) {
    self.task = task
    self.kernel = kernel
    self.taskNames = taskNames
    self.files = files
    self.turnOrder = turnOrder
    site = OpSite(task: task.name, index: 0, text: "")
  }

  mutating func steps() throws(OpProblem) -> [WorkloadStep] {
    try block(loop: nil)
  }

  /// The ops up to the end of the task, or up to the endloop of `loop`.
  private mutating func block(loop: OpSite?) throws(OpProblem) -> [WorkloadStep] {
    var steps: [WorkloadStep] = []
    while next < task.ops.count {
      site = OpSite(task: task.name, index: next, text: task.ops[next])
      let here = site
      next += 1
      var words = try OpWords(here.text)
      switch words.name {
      case "loop":
        let word = try words.next("the number of rounds")
        let times = try OpWords.number(word, "the number of rounds", atMost: 1 << 20)
        try words.end()
        guard times >= 1 else { throw OpProblem("the number of rounds is 0, expected at least 1") }
        steps.append(WorkloadStep(site: here, action: .loop(times: times, try block(loop: here))))
      case "endloop":
        try words.end()
        guard loop != nil else { throw OpProblem("there is no loop to end") }
        return steps
      default:
        steps.append(WorkloadStep(site: here, action: try action(&words)))
      }
    }
    if let loop {
      site = loop
      throw OpProblem("the loop has no endloop")
    }
    return steps
  }

  private mutating func action(_ words: inout OpWords) throws(OpProblem) -> WorkloadStep.Action {
    if let why = WorkloadOps.missing(for: words.name) { return .unsupported(why) }
    let action: WorkloadStep.Action
    switch words.name {
    case "spawn":
      let names = words.rest()
      if names.isEmpty { throw OpProblem("the task is missing") }
      for name in names { try checkTask(name) }
      action = .spawn(names)
    case "wait":
      let name = try words.next("the task")
      try checkTask(name)
      action = .wait(name)
    case "cgroup", "cgset": action = try cgroup(&words)
    case "read": action = try read(&words)
    case "sysctl", "echo": action = try write(&words)
    case "anon", "mapfile", "touch", "madvise", "mlock", "munlock", "munmap":
      action = try memory(&words)
    case "reclaim":
      let path = try words.next("the cgroup")
      let bytes = try OpWords.bytes(
        try words.next("the amount"), "the amount", plainUnit: 4096)
      let swappiness = try words.number("swappiness", atMost: 200)
      action = .perform(.reclaim(path: path, bytes.pages, swappiness: swappiness))
    default: action = .perform(try operation(&words))
    }
    try words.end()
    return action
  }

  /// Remembers the table that a pattern over something of `size` pages needs.
  mutating func note(_ pattern: AccessPattern, over size: Int?) {
    guard case .zipf = pattern.shape, let n = pattern.length ?? size.map({ $0 - pattern.from }),
      !ranks.contains(n)
    else { return }
    ranks.append(n)
  }

  private func checkTask(_ name: String) throws(OpProblem) {
    guard taskNames.contains(name), name != "main" else {
      throw OpProblem("there is no task \"\(name)\" to start")
    }
  }

  /// Ops that are one operation whatever their words.
  private func operation(_ words: inout OpWords) throws(OpProblem) -> Operation {
    switch words.name {
    case "enter": return .enter(path: try words.next("the cgroup"))
    case "statfiles":
      let directory = try words.next("the directory")
      return .stat(directory: directory, missing: false, try AccessPattern(&words))
    case "statneg":
      let directory = try words.next("the directory")
      return .stat(directory: directory, missing: true, try AccessPattern(&words))
    case "lockstep":
      let word = try words.next("the length of a turn")
      let every = try OpWords.number(word, "the length of a turn", atMost: 1 << 30)
      return .takeTurns(every: every, order: turnOrder)
    case "open": return .open(file: try words.next("the file"))
    case "mkfile":
      let name = try words.next("the file")
      let size = try OpWords.bytes(try words.next("the size"), "the size", plainUnit: 4096)
      return .makeFile(name: name, pages: Pages(covering: size).count)
    case "sync": return .sync
    case "fsync": return .fsync(file: try words.next("the file"))
    case "unlink": return .unlink(file: try words.next("the file"))
    case "drop_caches":
      let word = try words.next("what to drop")
      guard let what = Int(word), (1...3).contains(what) else {
        throw OpProblem("what to drop is \"\(word)\", expected 1, 2 or 3")
      }
      return .dropCaches(what)
    case "oomadj":
      let word = try words.next("the adjustment")
      guard let value = Int(word), (-1000...1000).contains(value) else {
        throw OpProblem("the adjustment is \"\(word)\", expected -1000 to 1000")
      }
      return .setOomScoreAdjust(value)
    case "mark": return .mark(name: try words.next("the name"))
    case "msleep":
      let word = try words.next("the duration")
      let milliseconds = try OpWords.number(word, "the duration", atMost: 1_000_000_000)
      return .sleep(.milliseconds(UInt64(milliseconds)))
    case "fadvise":
      let file = try words.next("the file")
      let word = try words.next("the advice")
      guard let advice = FileAdvice(rawValue: word) else {
        throw OpProblem("there is no advice \"\(word)\"")
      }
      // A range may reach beyond the file: the kernel takes what is there. A length of 0 means up
      // to the end.
      let from = try words.pages("from") ?? 0
      let length = try words.pages("n").flatMap { $0 == 0 ? nil : $0 }
      return .adviseFile(file: file, advice, from: from, length: length)
    default: throw OpProblem("no such op")
    }
  }

  private mutating func read(_ words: inout OpWords) throws(OpProblem) -> WorkloadStep.Action {
    let file = try words.next("the file")
    let pattern = try AccessPattern(&words)
    let size = files.first { $0.name == file }?.size.count
    note(pattern, over: size)
    if let size, let problem = pattern.problem(over: size) {
      return .unsupported("accesses outside of the file are not built: \(problem)")
    }
    return .perform(.read(file: file, pattern))
  }

  private func cgroup(_ words: inout OpWords) throws(OpProblem) -> WorkloadStep.Action {
    let path = try words.next("the cgroup")
    guard !CgroupPath.parts(path).isEmpty else {
      throw OpProblem("the root cgroup cannot be made or changed")
    }
    var settings: [CgroupSetting] = []
    for (key, value) in words.takePairs() {
      guard let setting = try Self.setting(key, value) else {
        return .unsupported("memory.\(key) is not built")
      }
      settings.append(setting)
    }
    if words.name == "cgroup" { return .perform(.makeCgroup(path: path, settings: settings)) }
    if settings.isEmpty { throw OpProblem("there is nothing to set") }
    return .perform(.setCgroup(path: path, settings: settings))
  }

  /// nil for a file of the controller that is not built.
  static func setting(
    _ key: String, _ value: String
  ) throws(OpProblem) -> CgroupSetting? {
    func limit() throws(OpProblem) -> Pages? {
      value == "max" ? nil : try OpWords.bytes(value, key, plainUnit: 1).pages
    }
    switch key {
    case "max": return .max(try limit())
    case "high": return .high(try limit())
    case "low": return .low(try limit())
    case "min": return .min(try limit())
    case "swap.max": return .swapMax(try limit())
    case "swap.high": return .swapHigh(try limit())
    case "oom.group": return .oomGroup(try OpWords.number(value, key, atMost: 1) == 1)
    default: return nil
    }
  }
}
