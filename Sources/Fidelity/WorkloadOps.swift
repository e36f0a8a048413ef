// SPDX-License-Identifier: Apache-2.0
// The one-line ops of a recorded workload become a program (README of the recordings, "Ops").
//
// Three answers are possible: a step that can be performed, a step that is known and refused
// because the engine has not got what it needs, and an error, because the recordings have no such
// op or its words make no sense.

import UAPI

package enum WorkloadOps {
  /// Ops that the engine has no operation for, and what they would need.
  private static let notBuilt: [String: String] = [
    "write": "writing to files is not built",
    "mkfiles": "making directories of files while the machine runs is not built",
    "mempolicy": "memory policies are not built",
    "mbind": "memory policies are not built",
    "compact": "compaction is not built",
  ]

  /// Reads all ops of a question.
  /// - Throws: RecordingError naming task, op and reason when an op is unknown or malformed.
  package static func program(
    of question: RecordingQuestion
  ) throws(RecordingError) -> WorkloadProgram {
    let (files, directories, refusals) = try setup(question)
    let turnOrder = question.scenario.tasks.filter { task in
      task.ops.contains { $0.hasPrefix("lockstep ") }
    }.map(\.name)
    let names = question.scenario.tasks.map(\.name)
    var tasks: [WorkloadProgram.Task] = []
    var ranks: [Int] = []
    let known = files + filesMade(by: question.scenario.tasks, besides: files)
    for task in question.scenario.tasks {
      var parser = TaskParser(
        task: task, kernel: question.kernel, taskNames: names, files: known, turnOrder: turnOrder)
      do {
        tasks.append(WorkloadProgram.Task(name: task.name, steps: try parser.steps()))
        ranks += parser.ranks.filter { !ranks.contains($0) }
      } catch {
        throw RecordingError(file: question.file, reason: "\(parser.site): \(error.reason)")
      }
    }
    return WorkloadProgram(
      tasks: tasks, files: files, directories: directories,
      tablePages: ranks.reduce(0) { $0 + (8 * $1 + 4095) / 4096 },
      setupRefusals: refusals)
  }

  private static func setup(
    _ question: RecordingQuestion
  ) throws(RecordingError) -> (
    files: [FileSpec], directories: [DirectorySpec], refusals: [String]
  ) {
    var files: [FileSpec] = []
    var directories: [DirectorySpec] = []
    var refusals: [String] = []
    for (index, text) in question.scenario.setup.enumerated() {
      let site = OpSite(task: "setup", index: index, text: text)
      do throws(OpProblem) {
        var words = try OpWords(text)
        if words.name == "mkfile" {
          let name = try words.next("the file")
          let size = try OpWords.bytes(try words.next("the size"), "the size", plainUnit: 4096)
          try words.end()
          files.removeAll { $0.name == name }
          files.append(FileSpec(name: name, size: Pages(covering: size)))
        } else if words.name == "mkfiles" {
          let name = try words.next("the directory")
          let word = try words.next("the number of files")
          let count = try OpWords.number(word, "the number of files", atMost: 1 << 24)
          try words.end()
          directories.append(DirectorySpec(name: name, files: count))
        } else if let why = notBuilt[words.name] {
          refusals.append("\(site): \(why)")
        } else if isTaskOp(words.name) {
          refusals.append("\(site): only mkfile is performed before the workload")
        } else {
          throw OpProblem("no such op")
        }
      } catch {
        throw RecordingError(file: question.file, reason: "\(site): \(error.reason)")
      }
      if question.setupResults.indices.contains(index), question.setupResults[index] != 0 {
        refusals.append("\(site): it answered \(question.setupResults[index]) when it was recorded")
      }
    }
    return (files, directories, refusals)
  }

  /// Files that tasks make, where a name means one size whenever it exists.
  private static func filesMade(
    by tasks: [RecordedScenario.Task], besides files: [FileSpec]
  ) -> [FileSpec] {
    var made: [FileSpec] = []
    for text in tasks.flatMap(\.ops) where text.hasPrefix("mkfile ") {
      guard var words = try? OpWords(text), let name = try? words.next("the file"),
        let word = try? words.next("the size"),
        let size = try? OpWords.bytes(word, "the size", plainUnit: 4096)
      else { continue }
      made.append(FileSpec(name: name, size: Pages(covering: size)))
    }
    return made.filter { file in
      !files.contains { $0.name == file.name }
        && made.allSatisfy { $0.name != file.name || $0.size == file.size }
    }
  }

  private static func isTaskOp(_ name: String) -> Bool {
    [
      "cgroup", "cgset", "enter", "open", "read", "fadvise", "reclaim", "msleep", "mark", "spawn",
      "wait", "loop", "endloop", "anon", "mapfile", "touch", "madvise", "mlock", "munlock",
      "munmap",
      "oomadj", "drop_caches", "statfiles", "statneg", "lockstep", "sysctl", "echo", "sync",
      "fsync", "unlink",
    ].contains(name)
  }

  static func missing(for op: String) -> String? { notBuilt[op] }
}
