// SPDX-License-Identifier: Apache-2.0
// What maps one page of an area: nothing, a frame with its accessed, dirty and write bits, the zero
// page, or a swap entry.
//
// Entries live in the slot table beside page-cache slots, one range for each area. Frame number
// and swap offset share the upper half.
//
//   present   frame << 32 | filled : 6 | writable : 4 | dirty : 3 | accessed : 2 | present : 1 | 0
//   swapped   offset << 32 | 32

struct PageTableEntry: Equatable {
  var raw: UInt64

  private static let presentBit: UInt64 = 2
  private static let accessedBit: UInt64 = 4
  private static let dirtyBit: UInt64 = 8
  private static let writableBit: UInt64 = 16
  private static let swapBit: UInt64 = 32
  /// All of the page was written, with contents that cannot be compressed.
  private static let filledBit: UInt64 = 64

  static let none = PageTableEntry(raw: 0)
  /// The shared page of zeros, read-only.
  static let zeroPage = PageTableEntry(raw: presentBit | accessedBit)

  @inline(__always) init(raw: UInt64) { self.raw = raw }

  /// A frame that was just mapped: young; dirty and writable as said.
  @inline(__always) init(frame: UInt32, writable: Bool, dirty: Bool) {
    raw =
      UInt64(frame) << 32 | Self.presentBit | Self.accessedBit
      | (writable ? Self.writableBit : 0) | (dirty ? Self.dirtyBit : 0)
  }

  @inline(__always) init(swapOffset: UInt32) { raw = UInt64(swapOffset) << 32 | Self.swapBit }

  @inline(__always) var isNone: Bool { raw == 0 }
  @inline(__always) var isPresent: Bool { raw & Self.presentBit != 0 }
  @inline(__always) var isZeroPage: Bool { isPresent && raw >> 32 == 0 }
  @inline(__always) var isYoung: Bool { raw & Self.accessedBit != 0 }
  @inline(__always) var isDirty: Bool { raw & Self.dirtyBit != 0 }
  @inline(__always) var isWritable: Bool { raw & Self.writableBit != 0 }
  @inline(__always) var isSwap: Bool { raw & Self.swapBit != 0 }
  @inline(__always) var isFilled: Bool { raw & Self.filledBit != 0 }
  @inline(__always) var frame: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }
  @inline(__always) var swapOffset: UInt32 { UInt32(truncatingIfNeeded: raw >> 32) }

  /// What an access of the CPU adds: young; dirty if it wrote.
  static func marks(write: Bool, fill: Bool) -> UInt64 {
    accessedBit | (write ? dirtyBit : 0) | (write && fill ? filledBit : 0)
  }
  @inline(__always) func filled(_ isFilled: Bool) -> PageTableEntry {
    PageTableEntry(raw: isFilled ? raw | Self.filledBit : raw)
  }
  @inline(__always) var old: PageTableEntry { PageTableEntry(raw: raw & ~Self.accessedBit) }
  @inline(__always) var clean: PageTableEntry { PageTableEntry(raw: raw & ~Self.dirtyBit) }

  /// Whether an access needs no fault.
  @inline(__always) func permits(write: Bool) -> Bool {
    raw & (Self.presentBit | (write ? Self.writableBit : 0))
      == Self.presentBit | (write ? Self.writableBit : 0)
  }
}
