// SPDX-License-Identifier: Apache-2.0
// What the author expected of the run, and whether it came so.

import Lua

package struct Expectation: Equatable, Sendable {
  package var what: String
  package var holds: Bool
  /// "file.lua:31", for finding one that failed.
  package var place: String
}

extension ScenarioHost {
  /// expect(what, truth)
  func expect(_ call: LuaCall) throws(LuaError) -> LuaAnswer {
    let arguments = try Arguments(call, of: "expect", atMost: 2)
    let what = try arguments.string(1, "what is expected, in words")
    guard case .boolean(let holds) = arguments[2] else {
      throw arguments.bad(2, expected: "true or false")
    }
    expectations.append(Expectation(what: what, holds: holds, place: call.place))
    return .values([.boolean(holds)])
  }
}
