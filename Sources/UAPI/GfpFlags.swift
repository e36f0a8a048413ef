// SPDX-License-Identifier: Apache-2.0
// What an allocation may endure, and how the kernel's trace events print it (reference 15.2).

/// Allocation flags. The bits are our own; names and composites are the kernel's.
package struct GfpFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let highmem = GfpFlags(rawValue: 1 << 0)
  package static let dma32 = GfpFlags(rawValue: 1 << 1)
  package static let high = GfpFlags(rawValue: 1 << 2)
  package static let io = GfpFlags(rawValue: 1 << 3)
  package static let fs = GfpFlags(rawValue: 1 << 4)
  package static let noWarn = GfpFlags(rawValue: 1 << 5)
  package static let retryMayFail = GfpFlags(rawValue: 1 << 6)
  package static let noFail = GfpFlags(rawValue: 1 << 7)
  package static let noRetry = GfpFlags(rawValue: 1 << 8)
  package static let comp = GfpFlags(rawValue: 1 << 9)
  package static let zero = GfpFlags(rawValue: 1 << 10)
  package static let noMemAlloc = GfpFlags(rawValue: 1 << 11)
  package static let hardwall = GfpFlags(rawValue: 1 << 12)
  package static let reclaimable = GfpFlags(rawValue: 1 << 13)
  package static let movable = GfpFlags(rawValue: 1 << 14)
  package static let account = GfpFlags(rawValue: 1 << 15)
  package static let write = GfpFlags(rawValue: 1 << 16)
  package static let directReclaim = GfpFlags(rawValue: 1 << 17)
  package static let kswapdReclaim = GfpFlags(rawValue: 1 << 18)
  package static let thisNode = GfpFlags(rawValue: 1 << 19)
  /// What 5.10 and 6.1 say of GFP_ATOMIC besides.
  package static let atomicOnly = GfpFlags(rawValue: 1 << 20)

  package static let reclaim: GfpFlags = [.directReclaim, .kswapdReclaim]
  package static let kernel: GfpFlags = [.directReclaim, .kswapdReclaim, .io, .fs]
  package static let kernelAccount: GfpFlags = [.kernel, .account]
  package static let noFS: GfpFlags = [.directReclaim, .kswapdReclaim, .io]
  package static let noIO: GfpFlags = [.directReclaim, .kswapdReclaim]
  package static let noWait: GfpFlags = [.kswapdReclaim]
  package static let atomic: GfpFlags = [.high, .atomicOnly, .kswapdReclaim]
  package static let user: GfpFlags = [.kernel, .hardwall]
  package static let highUser: GfpFlags = [.user, .highmem]
  package static let highUserMovable: GfpFlags = [.highUser, .movable]

  /// Names and masks in the order in which 5.4 to 6.1 print them; a composite consumes its bits.
  private static let printed: [(String, GfpFlags)] = [
    ("GFP_HIGHUSER_MOVABLE", .highUserMovable), ("GFP_HIGHUSER", .highUser), ("GFP_USER", .user),
    ("GFP_KERNEL_ACCOUNT", .kernelAccount), ("GFP_KERNEL", .kernel), ("GFP_NOFS", .noFS),
    ("GFP_ATOMIC", .atomic), ("GFP_NOIO", .noIO), ("GFP_NOWAIT", .noWait),
    ("__GFP_HIGHMEM", .highmem),
    ("GFP_DMA32", .dma32), ("__GFP_HIGH", .high), ("__GFP_ATOMIC", .atomicOnly), ("__GFP_IO", .io),
    ("__GFP_FS", .fs),
    ("__GFP_NOWARN", .noWarn), ("__GFP_RETRY_MAYFAIL", .retryMayFail), ("__GFP_NOFAIL", .noFail),
    ("__GFP_NORETRY", .noRetry), ("__GFP_COMP", .comp), ("__GFP_ZERO", .zero),
    ("__GFP_NOMEMALLOC", .noMemAlloc), ("__GFP_HARDWALL", .hardwall), ("__GFP_THISNODE", .thisNode),
    ("__GFP_RECLAIMABLE", .reclaimable), ("__GFP_MOVABLE", .movable), ("__GFP_ACCOUNT", .account),
    ("__GFP_WRITE", .write), ("__GFP_RECLAIM", .reclaim),
    ("__GFP_DIRECT_RECLAIM", .directReclaim), ("__GFP_KSWAPD_RECLAIM", .kswapdReclaim),
  ]

  /// The names that `named` knows.
  package static var names: [String] { printed.map(\.0) }

  /// Flags by the kernel's name of one flag or one composite; nil: there is none of that name.
  package static func named(_ name: String) -> GfpFlags? { printed.first { $0.0 == name }?.1 }

  /// As a trace event prints it: names joined by "|", "none" for nothing.
  package var text: String {
    var left = self
    var names: [String] = []
    for (name, mask) in Self.printed where left.isSuperset(of: mask) {
      names.append(name)
      left.subtract(mask)
    }
    return names.isEmpty ? "none" : names.joined(separator: "|")
  }

  /// The kernel's number for flags that a charge may carry, as the OOM report prints it.
  package var number: Int {
    let bits: [(GfpFlags, Int)] = [
      (.kernel, 0xcc0), (.hardwall, 0x100000), (.highmem, 0x2), (.movable, 0x8),
      (.account, 0x400000), (.zero, 0x100), (.comp, 0x40000),
    ]
    return bits.reduce(0) { isSuperset(of: $1.0) ? $0 | $1.1 : $0 }
  }
}
