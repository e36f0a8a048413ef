// SPDX-License-Identifier: Apache-2.0
// Coroutines driven from outside: what they ask, how they go on, how they end.

import Lua
import Testing

/// One coroutine made by `drive(f)` of a script, and `ask()`, which suspends it.
final class Driven {
  let state: LuaState
  let log: () -> [String]
  private(set) var coroutine: LuaCoroutine!

  init(_ script: String, budget: LuaBudget = LuaBudget()) {
    (state, log) = reporting(budget)
    state.setGlobal("drive") { [unowned self] call throws(LuaError) in
      guard case .function(let f) = call[1] else { throw LuaError("a function, please") }
      coroutine = call.makeCoroutine(f)
      return .nothing
    }
    state.setGlobal("ask") { [unowned self] call throws(LuaError) in
      guard call.isDirectly(in: coroutine), call.canSuspend else { throw LuaError("not here") }
      return .suspend
    }
    if let error = failure(state, script) { Issue.record("\(error.text)") }
  }

  func resume(_ values: LuaValue...) -> String { tell(coroutine.resume(with: values)) }
  func raise(_ message: String) -> String { tell(coroutine.resume(raising: message)) }
  private func tell(_ resumption: LuaCoroutine.Resumption) -> String {
    switch resumption {
    case .suspended: "suspended"
    case .returned: "returned"
    case .failed(let error): error.text
    }
  }
}

@Suite struct CoroutineTests {
  @Test func argumentsAndAnswersArrive() {
    let d = Driven("drive(function(a) report(a) report(ask('ignored', 1)) report(ask()) end)")
    #expect(d.resume(.string("first")) == "suspended")
    #expect(d.resume(.integer(1), .integer(2)) == "suspended")
    #expect(d.resume() == "returned")
    #expect(d.log() == ["\"first\"", "1", "2"])
    #expect(d.coroutine.close() == nil)
  }

  @Test func aSuspensionCrossesPcall() {
    let d = Driven("drive(function() report(pcall(ask)) report(pcall(error, 'x')) end)")
    #expect(d.resume() == "suspended")
    #expect(d.resume(.integer(4)) == "returned")
    #expect(d.log() == ["true", "4", "false", "\"x\""])
  }

  @Test func anErrorIsRaisedWhereTheCoroutineWaits() {
    let d = Driven("drive(function()\n  report(pcall(ask))\n  ask()\nend)")
    #expect(d.resume() == "suspended")
    #expect(d.raise("not built") == "suspended")
    #expect(d.log() == ["false", "\"test.lua:2: not built\""])
    #expect(d.raise("nor this") == "test.lua:3: nor this")
  }

  @Test func aFailureHasPlaceAndTraceback() {
    let d = Driven("drive(function()\n  local t = nil\n  t.x = 1\nend)")
    guard case .failed(let error) = d.coroutine.resume(with: []) else {
      Issue.record("it did not fail")
      return
    }
    #expect(error.text == "test.lua:3: attempt to index a nil value (local 't')")
    #expect(error.traceback?.contains("test.lua:3: in function") == true)
  }

  @Test func closingRunsWhatIsPending() {
    let d = Driven(
      """
      drive(function()
        local x <close> = setmetatable({}, {__close = function() report('closed') end})
        ask()
      end)
      """)
    #expect(d.resume() == "suspended")
    #expect(d.coroutine.close() == nil)
    #expect(d.log() == ["\"closed\""])
    #expect(d.coroutine.close() == nil)
    #expect(d.log().count == 1)
  }

  @Test func whatAClosingVariableRaisesIsAnswered() {
    let d = Driven(
      """
      drive(function()
        local x <close> = setmetatable({}, {__close = function() error('late', 0) end})
        ask()
      end)
      """)
    #expect(d.resume() == "suspended")
    #expect(d.coroutine.close()?.text == "late")
  }

  @Test func anOwnCoroutineIsNotTheTask() {
    let d = Driven("drive(function() coroutine.wrap(function() ask() end)() end)")
    #expect(d.resume().contains("not here"))
  }

  @Test func aLibraryCallbackCannotWait() {
    let d = Driven("drive(function() ('x'):gsub('x', function() ask() end) end)")
    #expect(d.resume() == "test.lua:1: not here")
  }
}
