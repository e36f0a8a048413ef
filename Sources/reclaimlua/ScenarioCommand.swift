// SPDX-License-Identifier: Apache-2.0
// `reclaimlua [options] scenario.lua [ARG ...]`: reads the script, introduces it to a machine, and
// prints what comes of it.

import ArgumentParser
import Foundation
import Scripting

enum ScenarioCommand {
  static func run(_ words: [String]) -> Int32 {
    let position = Options.scriptPosition(in: words)
    let options: Options
    do {
      options = try Options.parse(words[..<position].filter { $0 != "--" })
    } catch {
      return end(with: error)
    }
    guard position < words.count else {
      Main.complain("expected a scenario\n\n" + Options.helpMessage())
      return 2
    }
    let script = words[position]
    let text: String
    do {
      text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: script)), as: UTF8.self)
    } catch {
      Main.complain("cannot read '\(script)'")
      return 1
    }
    return perform(text, script, Array(words[(position + 1)...]), options)
  }

  private static func perform(
    _ text: String, _ script: String, _ arguments: [String], _ options: Options
  ) -> Int32 {
    let folder = URL(fileURLWithPath: script).deletingLastPathComponent()
    let outside = ScenarioOutside(
      write: { print($0, terminator: "") },
      text: { name in
        (try? Data(contentsOf: folder.appendingPathComponent(name))).map {
          String(decoding: $0, as: UTF8.self)
        }
      },
      makeMachine: { LikeMachine.make($0, beside: folder, paranoid: options.paranoid) })
    let host = ScenarioHost(
      name: script, arguments: arguments, seed: options.seed, outside: outside)
    let report = host.run(text)
    print(report.text, terminator: "")
    if let failure = report.failure {
      Main.complain([failure.text, failure.traceback].compactMap(\.self).joined(separator: "\n"))
    }
    return report.passed ? 0 : 1
  }

  /// Help and version are no mistakes; everything else is one of usage.
  private static func end(with error: any Error) -> Int32 {
    if Options.exitCode(for: error).isSuccess {
      print(Options.fullMessage(for: error))
      return 0
    }
    Main.complain("\(Options.message(for: error))\n\(Options.configuration.usage!)")
    return 2
  }
}
