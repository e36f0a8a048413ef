// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them, and as they are printed.

import Testing
import Timeline
import UAPI

@Suite struct UnitsTests {
  @Test(
    arguments: [
      ("0", 0), ("4096", 4096), ("12 B", 12), ("16 KiB", 16 << 10), ("768 MiB", 768 << 20),
      ("2GiB", 2 << 30), ("1.5 GiB", 1536 << 20), ("512M", 512 << 20), ("0.5K", 512),
      ("1.0001 KiB", 1024), (" 1 TiB ", 1 << 40), ("16777215 TiB", 16_777_215 << 40),
    ] as [(String, UInt64)])
  func bytesAreRead(text: String, bytes: UInt64) {
    #expect(Bytes(text: text)?.count == bytes)
  }

  @Test(arguments: [
    "", "MiB", "lots", "-1", "1.5.1 GiB", ".5 GiB", "1. GiB", "1 MB", "1 mib", "1 MiB x",
    "16777216 TiB",
    "99999999999999999999",
  ])
  func whatIsNoAmountOfBytesIsRefused(text: String) {
    #expect(Bytes(text: text) == nil)
  }

  @Test(
    arguments: [
      (0, "0 B"), (100, "100 B"), (1023, "1023 B"), (1024, "1 KiB"), (1025, "1025 B"),
      (12 << 10, "12 KiB"), (1536 << 20, "1536 MiB"), (5 << 30, "5 GiB"), (3 << 40, "3 TiB"),
    ] as [(UInt64, String)])
  func bytesArePrintedInTheLargestUnitThatDividesThem(bytes: UInt64, text: String) {
    #expect(Bytes(bytes).text == text)
    #expect(Bytes(text: text) == Bytes(bytes))
  }

  @Test func pagesCoverBytesAndFillThem() {
    #expect(Pages(covering: 0).count == 0)
    #expect(Pages(covering: 1).count == 1)
    #expect(Pages(covering: 4096).count == 1)
    #expect(Pages(covering: 4097).count == 2)
    #expect(Bytes(4097).pages == 1)
    #expect(Bytes(4095).pages == 0)
    #expect(Pages(3).bytes == 12288)
    #expect(Pages(3) + 2 - 1 == 4)
  }

  @Test(
    arguments: [
      ("7", 7), ("250 ns", 250), ("80 us", 80_000), ("80 µs", 80_000), ("10 ms", 10_000_000),
      ("60 s", 60_000_000_000), ("5min", 300_000_000_000),
      ("1.5 s", 1_500_000_000), ("0.0001 us", 0), ("2 h", 7_200_000_000_000),
    ] as [(String, UInt64)])
  func timesAreRead(text: String, nanoseconds: UInt64) {
    #expect(Nanoseconds(text: text)?.count == nanoseconds)
  }

  @Test(arguments: ["", "s", "1.s", "1 d", "-1 s", "400000000 min"])
  func whatIsNoTimeIsRefused(text: String) {
    #expect(Nanoseconds(text: text) == nil)
  }

  @Test(
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1000, "1 us"), (1001, "1.001 us"), (10_000_000, "10 ms"),
      (1_250_000_000, "1.250 s"), (1_000_000_001, "1.000 s"), (60_000_000_000, "60 s"),
    ] as [(UInt64, String)])
  func timesArePrintedWithThreeDecimals(nanoseconds: UInt64, text: String) {
    #expect(Nanoseconds(nanoseconds).text == text)
  }
}
