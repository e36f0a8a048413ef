// SPDX-License-Identifier: Apache-2.0
// Whether this host has address space for a machine, asked before it boots.
//
// Untouched memory of the machine costs no memory of the host, but its rows need addresses, and
// these are limited: by ulimit -v, by the kernel's overcommit rules, by 47 bits. What would fit is
// found by trying.

import CMemory
import UAPI

enum HostRoom {
  /// Frames that positions in LRU lists can name: twice as many positions in 32 bits.
  static let mostFrames = (1 << 31) - (1 << 20)
  /// What a process needs besides: the program itself, Lua, fibers, swap slots, cgroups.
  private static let besides = 512 << 20

  /// What a machine has besides memory: pages of all files together, and of swap.
  struct Contents {
    var files: Int
    var swap: Int
  }

  /// - Throws: BootError that says how much memory would fit.
  static func require(_ memory: Bytes, _ contents: Contents) throws(BootError) {
    if fits(memory, contents) { return }
    let most = mostFitting(below: memory, contents)
    let hint =
      most.count == 0
      ? "not even the smallest machine would fit" : "\(most.text) would fit"
    throw BootError("memory = \(memory.text) is more than this host has room for; \(hint)")
  }

  /// The most memory, in GiB or, below one, in MiB, that a machine can have here.
  private static func mostFitting(below memory: Bytes, _ contents: Contents) -> Bytes {
    for unit in [UInt64(1 << 30), 1 << 20] {
      var fitting: UInt64 = 0, failing = min(memory.count, UInt64(mostFrames) * 4096) / unit + 1
      while failing - fitting > 1 {
        let middle = (fitting + failing) / 2
        if fits(Bytes(middle * unit), contents) { fitting = middle } else { failing = middle }
      }
      if fitting > 0 { return Bytes(fitting * unit) }
    }
    return 0
  }

  private static func fits(_ memory: Bytes, _ contents: Contents) -> Bool {
    guard memory.count / 4096 < UInt64(mostFrames) else { return false }
    // The hole below 4 GiB has rows too.
    let frames = memory.pages.count + (1 << 18)
    let bytes = addressSpace(frames: frames, contents) + besides
    guard let start = memory_reserve(bytes) else { return false }
    memory_release(start, bytes)
    return true
  }

  /// Bytes of the arenas that grow with a machine.
  private static func addressSpace(frames: Int, _ contents: Contents) -> Int {
    let slots = MachineLayout.slots(
      files: contents.files, memory: frames, swap: contents.swap)
    return frames * MemoryLayout<FrameRow>.stride
      + frames * 2 * MemoryLayout<UInt32>.stride
      + frames / 128 * MemoryLayout<ListChunk>.stride
      + slots * MemoryLayout<Slot>.stride
      + slots / 64 * MemoryLayout<LeafRow>.stride
      + frames / 512
  }
}
