// SPDX-License-Identifier: Apache-2.0
// Values, errors and suspensions across the border.

import Lua
import Testing

/// Counts how many of it are alive.
final class Counted {
  let name: String
  let deaths: Deaths
  init(_ name: String, _ deaths: Deaths) {
    self.name = name
    self.deaths = deaths
  }
  deinit { deaths.count += 1 }
}
final class Deaths { var count = 0 }

func failure(_ state: LuaState, _ text: String) -> LuaError? {
  do throws(LuaError) {
    try state.run(text, name: "test.lua")
    return nil
  } catch {
    return error
  }
}

/// A state with Lua's libraries whose `report(...)` describes its arguments.
func reporting(_ budget: LuaBudget = LuaBudget()) -> (LuaState, () -> [String]) {
  final class Log { var lines: [String] = [] }
  let log = Log()
  let state = LuaState(budget: budget)
  state.openLibraries()
  state.setGlobal("report") { call throws(LuaError) in
    for i in 0..<call.count { log.lines.append(call[i + 1].described) }
    return .nothing
  }
  return (state, { log.lines })
}

@Suite struct BorderTests {
  @Test func everyKindOfValueIsRead() {
    let (state, log) = reporting()
    #expect(
      failure(
        state,
        "report(nil, true, 7, 0.5, 'a\\0b', {}, print, coroutine.create(print), io) report()")
        == nil)
    #expect(
      log() == [
        "nothing", "true", "7", "0.5", "\"a\0b\"", "a table", "a function", "a coroutine",
        "nothing",
      ])
  }

  @Test func everyKindOfValueIsPushed() {
    let (state, log) = reporting()
    state.setGlobal("give") { call throws(LuaError) in
      .values([
        .nil, .boolean(false), .integer(-3), .number(1.5), .string("x\0y"),
        .list([.integer(4), .list([.string("deep")])]),
        .dictionary([("a b", .integer(9))]), call[1], call[2],
      ])
    }
    let error = failure(
      state,
      """
      local own = {}
      local a, b, c, d, e, f, g, h, i = give(own, print)
      report(a, b, c, d, e, #e, f[1], f[2][1], g["a b"], h == own, i == print)
      """)
    #expect(error == nil)
    #expect(
      log() == [
        "nothing", "false", "-3", "1.5", "\"x\0y\"", "3", "4", "\"deep\"", "9", "true", "true",
      ])
  }

  @Test func anErrorOfASwiftFunctionHasThePlaceOfItsCaller() {
    let (state, _) = reporting()
    state.setGlobal("refuse") { call throws(LuaError) in throw LuaError("no") }
    let error = failure(state, "local x = 1\nrefuse()")
    #expect(error?.text == "test.lua:2: no")
    #expect(error?.place?.chunk == "test.lua")
    #expect(error?.place?.line == 2)
    #expect(error?.message == "no")
    #expect(
      failure(state, "\n\npcall(refuse)\nlocal ok, e = pcall(refuse) error(e, 0)")?.text
        == "test.lua:4: no")
  }

  @Test func aTracebackNamesTheFunctionsOfTheScript() {
    let (state, _) = reporting()
    let error = failure(state, "local function inner() error('deep') end\ninner()")
    #expect(error?.text == "test.lua:1: deep")
    #expect(error?.traceback?.contains("test.lua:2: in main chunk") == true)
  }

  @Test func errorObjectsThatAreNoStringsAreTold() {
    let (state, _) = reporting()
    #expect(
      failure(state, "error({message = 'inside'})")?.text
        == "inside (field 'message' of the error object)")
    #expect(failure(state, "error({'first'})")?.text == "first (first item of the error object)")
    #expect(failure(state, "error({})")?.text == "the error object is a table without a message")
    #expect(failure(state, "error(nil)")?.text == "the error object is nil")
    #expect(failure(state, "error(print)")?.text == "the error object is a function")
    #expect(failure(state, "error(12)")?.text == "12")
  }

  @Test func incompleteInputIsTold() {
    let (state, _) = reporting()
    #expect(failure(state, "if true then")?.isIncompleteInput == true)
    #expect(failure(state, "if true then ]")?.isIncompleteInput == false)
  }

  @Test func bytecodeIsRefused() {
    let (state, _) = reporting()
    #expect(failure(state, "\u{1b}Lua")?.text.contains("attempt to load a binary chunk") == true)
  }

  @Test func objectsLiveAsLongAsLuaHoldsThem() {
    let deaths = Deaths()
    let kind = LuaKind(
      "thing",
      methods: [
        LuaMember("name") { call throws(LuaError) in
          guard case .object(let object) = call[1], let thing = object.value as? Counted else {
            throw LuaError("call it with a colon")
          }
          return .values([.string(thing.name)])
        }
      ])
    do {
      let (state, log) = reporting()
      state.setGlobal("make") { [unowned state] call throws(LuaError) in
        .values([.object(state.wrap(Counted("one", deaths), as: kind))])
      }
      let error = failure(
        state,
        """
        local kept = make()
        report(kept:name(), getmetatable(kept))
        for i = 1, 10 do make() end
        collectgarbage()
        """)
      #expect(error == nil)
      #expect(log() == ["\"one\"", "false"])
      #expect(deaths.count >= 10)
      #expect(
        failure(state, "make():nmae()")?.text
          == "test.lua:1: a thing has no 'nmae'; did you mean 'name'?")
      #expect(
        failure(state, "make():zzzzzz()")?.text
          == "test.lua:1: a thing has no 'zzzzzz'; it has name")
      #expect(
        failure(state, "make().x = 1")?.text == "test.lua:1: the fields of a thing cannot be set")
      #expect(failure(state, "make().name()")?.text == "test.lua:1: call it with a colon")
    }
    #expect(deaths.count == 15)
  }

  @Test func anUnknownNameInARecordIsAnError() {
    let (state, log) = reporting()
    state.setGlobal("stat") { call throws(LuaError) in
      .values([.record(called: "vmstat", [("pgscan_direct", .integer(5))])])
    }
    #expect(failure(state, "report(stat().pgscan_direct)") == nil)
    #expect(log() == ["5"])
    #expect(
      failure(state, "report(stat().pgscan_drect)")?.text
        == "test.lua:1: vmstat has no 'pgscan_drect'; did you mean 'pgscan_direct'?")
  }

  @Test func severalStatesDoNotKnowOfOneAnother() {
    let (first, one) = reporting()
    let (second, two) = reporting()
    #expect(failure(first, "x = 1 report(x)") == nil)
    #expect(failure(second, "report(x)") == nil)
    #expect(one() == ["1"])
    #expect(two() == ["nothing"])
  }
}
