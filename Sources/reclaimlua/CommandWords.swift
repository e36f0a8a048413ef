// SPDX-License-Identifier: Apache-2.0
// The words of a lua-style call: options, the script, what is the script's own.
//
// Options stand before the script, short ones as lua has them and in lua's order; what follows the
// script is the script's, untouched. Long options are left to Options, which knows them.

struct CommandWords {
  /// What is run before the script, in the order given.
  enum Beforehand: Equatable {
    case chunk(String)
    case module(String)
  }

  struct Mistake: Error {
    var text: String
  }

  /// The long options, for Options to parse.
  private(set) var options: [String] = []
  private(set) var beforehand: [Beforehand] = []
  private(set) var isInteractive = false
  private(set) var showsVersion = false
  /// "-" is standard input; nil: none was given.
  private(set) var script: String?
  /// The global `arg`: before the script, and after it.
  private(set) var wordsBefore: [String] = []
  private(set) var arguments: [String] = []

  /// Long options that take the word after them.
  private static let withValue = ["--seed", "--kernel", "--report", "--csv", "--max-events"]
  /// Drawn, and not built.
  private static let refused = [
    "--trace":
      "writing a trace is not built yet; machine { trace = true } and m:trace_events() are",
    "--live": "running on the live kernel is not built yet",
  ]

  /// - Parameter all: the command line, the program's name first.
  init(_ all: [String]) throws(Mistake) {
    var rest = all.dropFirst()
    while let word = rest.first, word.hasPrefix("-"), word != "-" {
      rest.removeFirst()
      if word == "--" { break }
      if word.hasPrefix("--") { try take(long: word, &rest) } else { try take(short: word, &rest) }
    }
    script = rest.popFirst()
    arguments = Array(rest)
    wordsBefore = script == nil ? [] : Array(all.dropLast(arguments.count + 1))
    if script == nil { arguments = Array(all.dropFirst()) }
  }

  private mutating func take(long word: String, _ rest: inout ArraySlice<String>) throws(Mistake) {
    let name = word.split(separator: "=", maxSplits: 1)[0]
    if let why = Self.refused[String(name)] { throw Mistake(text: "\(name): \(why)") }
    options.append(word)
    guard Self.withValue.contains(word) else { return }
    guard let value = rest.popFirst() else { throw Mistake(text: "\(word) needs a value") }
    options.append(value)
  }

  private mutating func take(short word: String, _ rest: inout ArraySlice<String>) throws(Mistake) {
    switch word {
    case "-i": isInteractive = true
    case "-v": showsVersion = true
    case "-h": options.append("--help")
    default:
      let kind = word.prefix(2)
      guard kind == "-e" || kind == "-l" else { throw Mistake(text: "unknown option '\(word)'") }
      guard let value = word.count > 2 ? String(word.dropFirst(2)) : rest.popFirst() else {
        throw Mistake(text: "\(kind) needs \(kind == "-e" ? "a chunk" : "a module's name")")
      }
      beforehand.append(kind == "-e" ? .chunk(value) : .module(value))
    }
  }

  /// Whether lines are read from standard input and answered.
  var startsPrompt: Bool {
    isInteractive || script == nil && beforehand.isEmpty && !showsVersion
  }
}
