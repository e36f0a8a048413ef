// SPDX-License-Identifier: Apache-2.0
// What a script may use up: instructions between two entries, and memory.
//
// Both hold whatever the script does: an error that says a budget is spent cannot be caught and
// outlived, since from then on every further instruction raises it again. What Lua's library does
// in C pays in instructions too, once it is metered (CLuaShims tells how).

package struct LuaBudget: Sendable {
  /// Virtual machine instructions from one entry into Lua to its end: a chunk, or a task until it
  /// asks for something.
  package var instructions: Int64
  /// Bytes that all of the state's values may hold together.
  package var memory: Int

  package init(instructions: Int64 = 2_000_000_000, memory: Int = 512 << 20) {
    self.instructions = instructions
    self.memory = memory
  }
}
