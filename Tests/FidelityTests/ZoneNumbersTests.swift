// SPDX-License-Identifier: Apache-2.0
// What the kernel computes from the sizes of its zones, against what recorded kernels printed:
// watermarks, per-CPU batch and high, lowmem reserves; and how much of its memory a kernel manages.
//
// Boot computes before it gives its own memory back. How much that was a recording does not say,
// but min_free_kbytes, a square root, tells it to some seventy pages; one amount within them has to
// explain every number of every zone. Where the scenario wrote the sysctl, nothing is unknown.

import Fidelity
import ReclaimEngine
import Testing
import UAPI

@Suite struct ZoneNumbersTests {
  private static func zones(of question: RecordingQuestion) throws -> [ZoneSpec] {
    try RecordedMachine.spec(of: question, files: []).nodes[0].zones
  }

  private static func differences(
    _ zones: [ZoneSpec], late: Int, minFree: Int?, scaleFactor: Int?, _ profile: KernelProfile
  ) -> [String] {
    let early = zones.map { ($0.kind, $0.managed - ($0.kind == .dma32 ? late : 0)) }
    let numbers = ZoneNumbers.of(
      early, profile, cpus: 1, minFreeKilobytes: minFree, scaleFactor: scaleFactor)
    return zip(zones, numbers).compactMap { zone, numbers in
      let state = zone.state!, marks = numbers.marks
      let computed = [marks.min, marks.low, marks.high, numbers.batch, numbers.perCPUHigh]
      let printed = [
        state.watermarks.min, state.watermarks.low, state.watermarks.high, state.batch, state.high,
      ]
      return computed == printed ? nil : "\(zone.kind.name): \(computed), printed \(printed)"
    }
  }

  @Test(arguments: Shipped.everywhere)
  func marksAndPerCPUSizesAreWhatTheKernelPrinted(name: String) throws {
    let question = try Shipped.question(name)
    let profile = try KernelProfile.require(question.kernel)
    let zones = try Self.zones(of: question)
    let sysctl = question.machine.sysctl
    let minFree = try #require(sysctl["vm.min_free_kbytes"]?.number)
    let factor = sysctl["vm.watermark_scale_factor"]?.number
    let wrote = question.scenario.sysctls.contains { $0.name == "vm.min_free_kbytes" }
    let total = zones.reduce(0) { $0 + $1.managed }
    let possible =
      wrote
      ? [0]
      : (0..<4096).filter {
        Watermarks.minFreeKilobytes(lowMemoryPages: total - $0) == minFree
      }
    #expect(!possible.isEmpty)
    let explained = possible.filter {
      Self.differences(
        zones, late: $0, minFree: wrote ? minFree : nil, scaleFactor: factor, profile
      ).isEmpty
    }
    let first = Self.differences(
      zones, late: possible[0], minFree: minFree, scaleFactor: factor, profile)
    #expect(!explained.isEmpty, "\(first)")
    #expect(explained.count <= 100)
  }

  /// The driver reads vm.lowmem_reserve_ratio, upon which the kernel computes them anew.
  @Test(arguments: Shipped.everywhere)
  func reservesAreWhatTheKernelPrinted(name: String) throws {
    let question = try Shipped.question(name)
    let zones = try Self.zones(of: question)
    let numbers = ZoneNumbers.of(
      zones.map { ($0.kind, $0.managed) }, try .require(question.kernel), cpus: 1)
    for (zone, numbers) in zip(zones, numbers) {
      #expect(numbers.protection == Array(zone.state!.protection.prefix(4)), "\(zone.kind.name)")
    }
  }

  /// A machine described in words manages what the recorded one of that size does.
  @Test(arguments: Shipped.everywhere)
  func asMuchIsManagedAsOnTheRecordedMachine(name: String) throws {
    let question = try Shipped.question(name)
    let recorded = try Self.zones(of: question)
    guard recorded.map(\.kind) == [.dma, .dma32] else { return }
    let end = recorded[1].startPFN! + recorded[1].spanned
    let booted = try Boot.spec(kernel: question.kernel, memory: Pages(end).bytes).nodes[0].zones
    #expect(booted.map(\.present) == recorded.map(\.present))
    #expect(booted.map(\.managed) == recorded.map(\.managed))
  }
}
