// SPDX-License-Identifier: Apache-2.0
// The ops on a task's own memory: areas are made, touched, advised, locked and given back.

import UAPI

extension TaskParser {
  mutating func memory(_ words: inout OpWords) throws(OpProblem) -> WorkloadStep.Action {
    let area = try words.next("the area")
    switch words.name {
    case "anon": return try anonymous(area, &words)
    case "mapfile": return try mapFile(area, &words)
    case "touch": return try touch(area, &words)
    case "munmap": return .perform(.unmap(area: area))
    case "madvise":
      let word = try words.next("the advice")
      guard let advice = MemoryAdvice(rawValue: word) else {
        throw OpProblem("there is no advice \"\(word)\"")
      }
      let (from, length) = try stretch(&words)
      return .perform(.adviseArea(area: area, advice, from: from, length: length))
    case "mlock", "munlock":
      let (from, length) = try stretch(&words)
      return .perform(
        words.name == "mlock"
          ? .lock(area: area, from: from, length: length)
          : .unlock(area: area, from: from, length: length))
    default: throw OpProblem("no such op")
    }
  }

  private func stretch(_ words: inout OpWords) throws(OpProblem) -> (from: Int, length: Int?) {
    (try words.pages("from") ?? 0, try words.pages("n").flatMap { $0 == 0 ? nil : $0 })
  }

  private mutating func anonymous(_ area: String, _ words: inout OpWords) throws(OpProblem)
    -> WorkloadStep.Action
  {
    let size = try OpWords.bytes(try words.next("the size"), "the size", plainUnit: 4096)
    var shared = false
    for word in words.rest() {
      guard word == "shared" || word == "private" else {
        throw OpProblem("\"\(word)\" says nothing about an area, expected \"shared\"")
      }
      shared = word == "shared"
    }
    sizes.append((area, size.pages.count))
    return .perform(
      .map(area: area, .anonymous(shared: shared), pages: Pages(covering: size).count))
  }

  private mutating func mapFile(_ area: String, _ words: inout OpWords) throws(OpProblem)
    -> WorkloadStep.Action
  {
    let file = try words.next("the file")
    let offset = try words.pages("off") ?? 0
    var pages: Int?
    var shared = true
    for word in words.rest() {
      switch word {
      case "shared": shared = true
      case "private": shared = false
      default: pages = try OpWords.bytes(word, "the size", plainUnit: 4096).pages.count
      }
    }
    let size = files.first { $0.name == file }?.size.count
    if let wanted = pages ?? size.map({ $0 - offset }) { sizes.append((area, wanted)) }
    return .perform(.map(area: area, .file(file, shared: shared, from: offset), pages: pages))
  }

  private mutating func touch(_ area: String, _ words: inout OpWords) throws(OpProblem)
    -> WorkloadStep.Action
  {
    let word = try words.next("read or write")
    guard word == "read" || word == "write" else {
      throw OpProblem("\"\(word)\" is no access, expected \"read\" or \"write\"")
    }
    let fill = try words.number("fill", atMost: 1) == 1
    let pattern = try AccessPattern(&words)
    let size = sizes.last { $0.area == area }?.pages
    note(pattern, over: size)
    if let size, let problem = pattern.problem(over: size) {
      return .unsupported("accesses outside of the area are not built: \(problem)")
    }
    return .perform(.touch(area: area, write: word == "write", fill: fill, pattern))
  }
}
