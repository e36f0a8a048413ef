// SPDX-License-Identifier: Apache-2.0
// Blocks of page frames in a scenario's hands, taken as the kernel's own code would take them.

import Lua
import UAPI

final class BlockObject {
  /// Its first page frame.
  let frame: Int
  let order: Int
  unowned let machine: MachineObject
  fileprivate(set) var isFree = false

  init(frame: Int, order: Int, machine: MachineObject) {
    self.frame = frame
    self.order = order
    self.machine = machine
  }
}

extension Chapter {
  static let block = Chapter(
    "block", "b",
    [
      Binding(
        "free", "b:free()", answers: ["boolean"],
        "true; the block is given back, once, by whichever task calls", body: BlockMethods.free)
    ],
    properties: [
      Property("order", "integer", "it has 2^`order` page frames") {
        .integer(Int64(($0 as! BlockObject).order))
      },
      Property("pfn", "integer", "the number of its first page frame") {
        .integer(Int64(($0 as! BlockObject).frame))
      },
      Property("size", "integer", "bytes") {
        .integer(Int64(Pages.size << ($0 as! BlockObject).order))
      },
    ])
}

extension LuaKind {
  static var block: LuaKind { Chapter.block.kind }
}

enum BlockMethods {
  private static let mostOrder = 10

  /// t:alloc_pages(order [, gfp]): the block, or nil and the kernel's word.
  static func allocate(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (task, arguments) = try call.receive("t:alloc_pages", on: TaskObject.self, atMost: 2)
    guard let order = arguments[1].wholeNumber, 0...Int64(mostOrder) ~= order else {
      throw arguments.bad(1, expected: "an order from 0 to \(mostOrder): 2^order page frames")
    }
    let gfp = try flags(arguments)
    return try task.ask(
      call, "t:alloc_pages", .allocatePages(order: Int(order), gfp)
    ) { outcome in
      guard case .frame(let frame) = outcome else { return TaskObject.plain(outcome) }
      let block = BlockObject(frame: frame, order: Int(order), machine: task.machine)
      return [.object(task.machine.host.state.wrap(block, as: .block))]
    }
  }

  /// Names joined by "|", as trace events print them.
  private static func flags(_ arguments: Arguments) throws(LuaError) -> GfpFlags {
    if arguments[2].isNil { return .kernel }
    guard case .string(let text) = arguments[2] else {
      throw arguments.bad(2, expected: #"flags such as "GFP_KERNEL|__GFP_NORETRY""#)
    }
    var flags: GfpFlags = []
    for part in text.split(separator: "|", omittingEmptySubsequences: false) {
      let name = part.filter { $0 != " " }
      guard let named = GfpFlags.named(name) else {
        let near = NearestName.of(name, among: GfpFlags.names).map { "; did you mean '\($0)'?" }
        throw LuaError("t:alloc_pages: no flag is called '\(name)'\(near ?? "")")
      }
      flags.formUnion(named)
    }
    return flags
  }

  /// b:free()
  static func free(_ call: inout LuaCall) throws(LuaError) -> LuaAnswer {
    let (block, _) = try call.receive("b:free", on: BlockObject.self, atMost: 0)
    guard let task = block.machine.host.current, task.machine === block.machine else {
      throw LuaError(
        "b:free stands inside of time: only a task of the block's machine may call it")
    }
    guard !block.isFree else {
      throw LuaError("b:free: the block at page frame \(block.frame) was given back before")
    }
    let answer = try task.ask(
      call, "b:free", .freePages(frame: block.frame, order: block.order))
    block.isFree = true
    return answer
  }
}
