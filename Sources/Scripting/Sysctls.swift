// SPDX-License-Identifier: Apache-2.0
// Sysctls that a scenario sets before its machine boots.

import Lua
import UAPI

extension Sysctls {
  /// The settings in a table, by name. Ranges are those of the newest kernel; `problem` looks again
  /// when the machine's kernel is known.
  static func read(_ fields: Fields) throws(LuaError) -> [(name: String, value: Int)] {
    let fields = fields.named("sysctl of the machine")
    let names = followed.map(\.name)
    for typed in fields.names where !names.contains(typed) {
      if others.contains(where: { $0.name == typed }) {
        throw LuaError(
          """
          \(fields.owner): '\(typed)' cannot be changed; what this machine follows is \
          \(names.joined(separator: ", "))
          """)
      }
      let known = names + others.map(\.name)
      let near =
        NearestName.of(typed, among: known)
        ?? known.first { $0.hasSuffix("." + typed) }
      let hint = near.map { "; did you mean '\($0)'?" }
      throw LuaError("\(fields.owner): unknown sysctl '\(typed)'\(hint ?? "")")
    }
    try fields.expect(only: names)
    var settings: [(name: String, value: Int)] = []
    for sysctl in followed {
      let range = sysctl.takes(on: nil)!
      let words = "a whole number from \(range.lowerBound) to \(range.upperBound)"
      guard let value = try fields.whole(sysctl.name, words) else { continue }
      guard let small = Int(exactly: value), range.contains(small) else {
        throw fields.bad(
          sysctl.name, expected: words, got: "\(value), to which the kernel says EINVAL")
      }
      settings.append((sysctl.name, small))
    }
    return settings
  }
}
