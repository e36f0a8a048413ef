// SPDX-License-Identifier: Apache-2.0
// Allocation flags as trace events print them: composites first, each consuming its bits
// (reference 15.2).

import Testing
import UAPI

@Suite struct GfpFlagsTests {
  static let readahead: GfpFlags = [.highUserMovable.subtracting(.fs), .noWarn, .noRetry]

  @Test(
    arguments: [
      ([], "none"),
      (.kernel, "GFP_KERNEL"),
      (.kernelAccount, "GFP_KERNEL_ACCOUNT"),
      (.highUserMovable, "GFP_HIGHUSER_MOVABLE"),
      (.highUserMovable.union(.zero), "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"),
      (.noFS, "GFP_NOFS"), (.noIO, "GFP_NOIO"), (.noWait, "GFP_NOWAIT"),
      (.user, "GFP_USER"), (.highUser, "GFP_HIGHUSER"),
      (.directReclaim, "__GFP_DIRECT_RECLAIM"),
      ([.io, .fs], "__GFP_IO|__GFP_FS"),
      (
        readahead,
        "GFP_NOFS|__GFP_HIGHMEM|__GFP_NOWARN|__GFP_NORETRY|__GFP_HARDWALL|__GFP_MOVABLE"
      ),
      ([.kernel, .retryMayFail, .comp], "GFP_KERNEL|__GFP_RETRY_MAYFAIL|__GFP_COMP"),
    ] as [(GfpFlags, String)])
  func flagsArePrintedAsTheKernelPrintsThem(flags: GfpFlags, text: String) {
    #expect(flags.text == text)
  }

  @Test func everyFlagHasANameOfItsOwn() {
    let names = (0..<19).map { GfpFlags(rawValue: 1 << $0).text }
    #expect(names.allSatisfy { $0 != "none" && !$0.contains("|") })
    #expect(names.enumerated().allSatisfy { names.firstIndex(of: $1) == $0 })
  }
}
