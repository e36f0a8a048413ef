// SPDX-License-Identifier: Apache-2.0
// Machines described in words: zones, what the kernel takes, marks, and that memory which was never
// used costs nothing.

import ReclaimEngine
import TestSupport
import Testing
import UAPI

@Suite struct BootFromWordsTests {
  private func zones(
    _ memory: String, kernel: String = "6.1", sysctls: [(name: String, value: Int)] = []
  ) throws -> [ZoneSpec] {
    try Boot.spec(kernel: kernel, memory: Bytes(text: memory)!, sysctls: sysctls).nodes[0].zones
  }

  private func refusal(_ memory: Bytes, kernel: String = "6.1") -> String {
    do throws(BootError) {
      _ = try Boot.spec(kernel: kernel, memory: memory)
      return "booted"
    } catch {
      return error.message
    }
  }

  @Test func memoryIsDividedAmongZones() throws {
    let zones = try zones("4 GiB")
    #expect(zones.map(\.kind) == [.dma, .dma32, .normal])
    #expect(zones.map(\.present) == [3998, 782_336, 262_144])
    #expect(zones.map(\.spanned) == [4095, 1_044_480, 262_144])
    #expect(zones.map(\.startPFN) == [1, 4096, 1_048_576])
    #expect(try self.zones("3 GiB").map(\.kind) == [.dma, .dma32])
  }

  /// 64 bytes for each frame, hash tables of 1 MiB and 512 KiB for 1 GiB, and the image.
  @Test func theKernelTakesItsShareFirst() throws {
    let zone = try zones("1 GiB")[1]
    #expect(zone.present - zone.managed == 8219 + 4096 + 256 + 128)
    #expect(try zones("1 GiB", kernel: "5.10")[1].managed == zone.managed + 8219 - 6894)
  }

  /// Boot computed the marks before it gave its own memory back.
  @Test func marksAreOlderThanWhatIsManaged() throws {
    let zones = try zones("1 GiB")
    let early = zones[1].managed - 2530, total = early + 3840
    let minimum = Watermarks.minFreeKilobytes(lowMemoryPages: total)
    let marks = Watermarks.ofZone(
      managed: early, total: total, minFreeKilobytes: minimum, scaleFactor: 10)
    let state = try #require(zones[1].state)
    #expect(state.watermarks == (marks.min, marks.low, marks.high))
    #expect(state.batch == Watermarks.perCPUBatch(managed: early))
    #expect(zones[0].state?.protection[1] == early / 256)
  }

  @Test func writtenSysctlsCountWhatIsManagedNow() throws {
    let zones = try zones("1 GiB", sysctls: [("vm.min_free_kbytes", 16384)])
    let total = zones.reduce(0) { $0 + $1.managed }
    let state = try #require(zones[1].state)
    #expect(state.watermarks.min == 4096 * zones[1].managed / total)
    #expect(state.high == state.watermarks.low)
    let wide = try self.zones("1 GiB", sysctls: [("vm.watermark_scale_factor", 500)])
    let marks = try #require(wide[1].state?.watermarks)
    #expect(marks.low - marks.min == wide[1].managed * 500 / 10_000)
  }

  @Test(arguments: [
    "96 MiB", "100 MiB", "256 MiB", "1000 MiB", "3 GiB", "3100 MiB", "3.5 GiB", "4 GiB",
  ])
  func everySizeBootsWithAllItsFreePages(_ memory: String) throws {
    for kernel in ["5.10", "6.1"] {
      let spec = try Boot.spec(kernel: kernel, memory: Bytes(text: memory)!)
      let machine = try Machine(spec)
      defer { machine.shutdown() }
      #expect(machine.invariantProblems() == [], "\(kernel)")
      let seen = machine.observe()
      let managed = spec.nodes[0].zones.reduce(0) { $0 + $1.managed }
      let used = managed - seen[.nr_free_pages]
      #expect((6500...9500).contains(used), "\(kernel) uses \(used)")
      #expect(seen.nodes[0].zones.allSatisfy { $0.free > $0.high })
      #expect(seen[.nr_inactive_file] == 0 && seen[.nr_anon_pages] == 0)
    }
  }

  @Test func aTerabyteBootsAndIsUsedFromItsTop() throws {
    let machine = try Machine(
      Boot.spec(
        kernel: "6.1", memory: Bytes(1 << 40), files: [FileSpec(name: "data", size: 4096)]))
    defer { machine.shutdown() }
    #expect(machine.observe()[.nr_free_pages] > 260_000_000)
    #expect(machine.configureCgroup(path: "a", settings: []) == .done)
    machine.perform([.readPages("data", 4096)], in: "a")
    #expect(machine.observe()[.nr_inactive_file] > 4000)
  }

  @Test func aMachineTooSmallForItsKernelSaysWhatIsNeeded() {
    let message = refusal(Bytes(32 << 20))
    #expect(
      message == "memory = 32 MiB: kernel 6.1 needs more for itself, expected at least 96 MiB")
    #expect(refusal(Bytes(96 << 20)) == "booted")
    #expect(refusal(Bytes(95 << 20)).contains("expected at least 96 MiB"))
    #expect(refusal(0).contains("at least"))
  }

  @Test func aMachineTooLargeForTheHostSaysWhatWouldFit() throws {
    let message = refusal(Bytes(64 << 40))
    #expect(message.hasPrefix("memory = 64 TiB is more than this host has room for; "))
    let words = message.split(separator: " ")
    let most = try #require(Bytes(text: words.suffix(4).prefix(2).joined(separator: " ")))
    #expect(most < Bytes(64 << 40))
    #expect(refusal(most) == "booted")
  }

  @Test func anUnknownKernelIsRefusedByName() {
    #expect(
      refusal(Bytes(1 << 30), kernel: "5.4") == "kernel 5.4 is not built; built: 5.10, 6.1")
  }

  @Test func smallZonesOf5_10KeepNothingOnPerCPULists() throws {
    let state = try #require(try zones("1 GiB", kernel: "5.10")[0].state)
    #expect(state.batch == 1 && state.high == 0)
    #expect(Watermarks.perCPUHigh(.orderZero, managed: 5480, low: 40, cpus: 1) == 0)
    #expect(Watermarks.perCPUHigh(.orderZero, managed: 53426, low: 543, cpus: 1) == 90)
  }
}
