// SPDX-License-Identifier: Apache-2.0
// A traceback as the author of a script wants it: the script's own lines, and by name the functions
// they called. How the sandbox is made of Lua is nothing the script did.

enum LuaTraceback {
  /// Lua's traceback without the frames of our own chunk. A function of it is told by the name the
  /// script called it by; helpers, and what it called in C, are left out. Nil when no frame is
  /// left.
  static func ofTheScript(_ traceback: String) -> String? {
    var told: [String] = []
    var inC: [String] = []
    var isAfterOurs = false
    for line in traceback.split(separator: "\n").map(String.init) {
      let frame = line.drop { $0 == "\t" }
      defer { isAfterOurs = frame.hasPrefix(LuaState.ownChunk) }
      if frame.hasPrefix(LuaState.ownChunk) {
        inC = []
        if let last = told.last, last.hasPrefix(builtIn) { told.removeLast() }
        if let name = name(in: frame) { told.append(builtIn + "'\(name)'") }
      } else if frame.hasPrefix("[C]: in ") {
        if frame != "[C]: in ?" { inC.append(line) }
      } else if !isAfterOurs || frame != "(...tail calls...)" {
        told += inC + [line]
        inC = []
      }
    }
    told += inC
    return told.count > 1 ? told.joined(separator: "\n") : nil
  }

  private static let builtIn = "\t[built in]: in function "

  /// The name in "[sandbox]:12: in function 'print'".
  private static func name(in frame: Substring) -> Substring? {
    for kind in ["in function '", "in global '", "in method '", "in field '"] {
      guard let start = frame.firstRange(of: kind)?.upperBound else { continue }
      return frame[start...].prefix { $0 != "'" }
    }
    return nil
  }
}
